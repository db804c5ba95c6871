import { People } from "@/session/people";
import { Entrance } from "@/view/entrance";

export default function Page() {
  return (
    <People>
      <Entrance />
    </People>
  );
}

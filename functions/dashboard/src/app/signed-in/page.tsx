import { People } from "@/session/people";
import { Arrival } from "@/view/arrival";

export default function Page() {
  return (
    <People>
      <Arrival />
    </People>
  );
}

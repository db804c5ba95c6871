import { People } from "@/session/people";
import { Invitation } from "@/view/team/invitation";

export default function Page() {
  return (
    <People>
      <Invitation />
    </People>
  );
}

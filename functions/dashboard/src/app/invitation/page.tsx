import { Words } from "@/i18n/words";
import { People } from "@/session/people";
import { Invitation } from "@/view/team/invitation";

export default function Page() {
  return (
    <Words of={["act", "entrance", "invitation"]}>
      <People>
        <Invitation />
      </People>
    </Words>
  );
}

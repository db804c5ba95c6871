import { Words } from "@/i18n/words";
import { Invitation } from "@/view/team/invitation";

export default function Page() {
  return (
    <Words of={["act", "entrance", "invitation"]}>
      <Invitation />
    </Words>
  );
}

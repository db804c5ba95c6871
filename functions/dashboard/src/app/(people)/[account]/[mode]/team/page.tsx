import { Words } from "@/i18n/words";
import { Team } from "@/view/team/team";

export default function Page() {
  return (
    <Words of={["ask", "team"]}>
      <Team />
    </Words>
  );
}

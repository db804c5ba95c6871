import { Words } from "@/i18n/words";
import { Looks } from "@/view/accesses/looks";

export default function Page() {
  return (
    <Words of={["parts"]}>
      <Looks />
    </Words>
  );
}

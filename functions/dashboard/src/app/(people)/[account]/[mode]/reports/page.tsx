import { Words } from "@/i18n/words";
import { Reports } from "@/view/reports/reports";

export default function Page() {
  return (
    <Words of={["parts", "reports"]}>
      <Reports />
    </Words>
  );
}

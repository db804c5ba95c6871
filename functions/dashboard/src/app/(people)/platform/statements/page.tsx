import { Words } from "@/i18n/words";
import { Statements } from "@/view/platform/statements";

export default function Page() {
  return (
    <Words of={["parts", "statements"]}>
      <Statements />
    </Words>
  );
}

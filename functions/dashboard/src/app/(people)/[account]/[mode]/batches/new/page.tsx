import { Words } from "@/i18n/words";
import { NewBatch } from "@/view/batches/new";

export default function Page() {
  return (
    <Words of={["batch_form", "money_out"]}>
      <NewBatch />
    </Words>
  );
}

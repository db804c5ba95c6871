import { Words } from "@/i18n/words";
import { Webhooks } from "@/view/webhooks/webhooks";

export default function Page() {
  return (
    <Words of={["developers", "parts", "webhooks"]}>
      <Webhooks />
    </Words>
  );
}

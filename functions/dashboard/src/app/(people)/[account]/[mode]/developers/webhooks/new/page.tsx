import { Words } from "@/i18n/words";
import { NewEndpoint } from "@/view/webhooks/new-endpoint";

export default function Page() {
  return (
    <Words of={["developers", "parts", "webhooks"]}>
      <NewEndpoint />
    </Words>
  );
}

import { Words } from "@/i18n/words";
import { EndpointPage } from "@/view/webhooks/endpoint";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["developers", "parts", "webhooks"]}>
      <EndpointPage id={(await params).id} />
    </Words>
  );
}

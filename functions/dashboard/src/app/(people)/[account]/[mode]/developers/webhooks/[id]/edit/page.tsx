import { Words } from "@/i18n/words";
import { EditEndpoint } from "@/view/webhooks/edit-endpoint";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["webhooks"]}>
      <EditEndpoint id={(await params).id} />
    </Words>
  );
}

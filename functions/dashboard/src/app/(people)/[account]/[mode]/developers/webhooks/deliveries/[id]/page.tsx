import { Words } from "@/i18n/words";
import { DeliveryPage } from "@/view/webhooks/delivery";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["webhooks"]}>
      <DeliveryPage id={(await params).id} />
    </Words>
  );
}

import { DeliveryPage } from "@/view/webhooks/delivery";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <DeliveryPage id={(await params).id} />;
}

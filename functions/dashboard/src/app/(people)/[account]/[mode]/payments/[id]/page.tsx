import { Words } from "@/i18n/words";
import { Payment } from "@/view/payment/payment";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["curl", "delivery", "event", "payment", "refund", "status"]}>
      <Payment id={(await params).id} />
    </Words>
  );
}

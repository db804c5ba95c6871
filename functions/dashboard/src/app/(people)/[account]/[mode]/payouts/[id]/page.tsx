import { Words } from "@/i18n/words";
import { Payout } from "@/view/payouts/payout";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["approvals", "event", "money_out", "payout", "payout_status"]}>
      <Payout id={(await params).id} />
    </Words>
  );
}

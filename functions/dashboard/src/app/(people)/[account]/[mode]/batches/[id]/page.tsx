import { Words } from "@/i18n/words";
import { Batch } from "@/view/batches/batch";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["approvals", "batches", "event", "listed", "money_out", "payout", "payout_status"]}>
      <Batch id={(await params).id} />
    </Words>
  );
}

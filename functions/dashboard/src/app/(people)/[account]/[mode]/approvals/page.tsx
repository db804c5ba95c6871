import { Words } from "@/i18n/words";
import { Inbox } from "@/view/approvals/inbox";

export default function Page() {
  return (
    <Words of={["approvals", "batches", "listed", "money_out", "payout_status"]}>
      <Inbox />
    </Words>
  );
}

import { Words } from "@/i18n/words";
import { NewPayout } from "@/view/payouts/new";

export default function Page() {
  return (
    <Words of={["holder", "money_out", "pay", "payout_status"]}>
      <NewPayout />
    </Words>
  );
}

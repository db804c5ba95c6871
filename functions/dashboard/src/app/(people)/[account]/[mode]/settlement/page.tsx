import { Words } from "@/i18n/words";
import { Settlement } from "@/view/settlement/settlement";

export default function Page() {
  return (
    <Words of={["holder", "money_out", "payout_status", "settlement"]}>
      <Settlement />
    </Words>
  );
}

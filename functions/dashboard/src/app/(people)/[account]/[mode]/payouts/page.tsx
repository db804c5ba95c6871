import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Payouts } from "@/view/payouts/list";

export default function Page() {
  return (
    <Words of={["listed", "money_out", "payout_status", "payouts"]}>
      <Suspense>
        <Payouts />
      </Suspense>
    </Words>
  );
}

import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Batches } from "@/view/batches/list";

export default function Page() {
  return (
    <Words of={["batches", "listed", "money_out", "payout_status"]}>
      <Suspense>
        <Batches />
      </Suspense>
    </Words>
  );
}

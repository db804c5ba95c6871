import { Suspense } from "react";
import { Payouts } from "@/view/payouts/list";

export default function Page() {
  return (
    <Suspense>
      <Payouts />
    </Suspense>
  );
}

import { Suspense } from "react";
import { Payments } from "@/view/payments";

export default function Page() {
  return (
    <Suspense>
      <Payments />
    </Suspense>
  );
}

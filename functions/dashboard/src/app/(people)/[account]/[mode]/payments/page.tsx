import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Payments } from "@/view/payments";

export default function Page() {
  return (
    <Words of={["payments", "status"]}>
      <Suspense>
        <Payments />
      </Suspense>
    </Words>
  );
}

import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Customers } from "@/view/customers/customers";

export default function Page() {
  return (
    <Words of={["customer", "customers"]}>
      <Suspense>
        <Customers />
      </Suspense>
    </Words>
  );
}

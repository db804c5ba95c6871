import { Suspense } from "react";
import { Customers } from "@/view/customers/customers";

export default function Page() {
  return (
    <Suspense>
      <Customers />
    </Suspense>
  );
}

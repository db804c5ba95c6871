import { Suspense } from "react";
import { Accesses } from "@/view/platform/accesses/accesses";

export default function Page() {
  return (
    <Suspense>
      <Accesses />
    </Suspense>
  );
}

import { Suspense } from "react";
import { Batches } from "@/view/batches/list";

export default function Page() {
  return (
    <Suspense>
      <Batches />
    </Suspense>
  );
}

import { Suspense } from "react";
import { Cases } from "@/view/platform/cases";

export default function Page() {
  return (
    <Suspense>
      <Cases />
    </Suspense>
  );
}

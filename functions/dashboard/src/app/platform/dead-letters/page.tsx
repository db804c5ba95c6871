import { Suspense } from "react";
import { DeadLetters } from "@/view/platform/dead-letters/list";

export default function Page() {
  return (
    <Suspense>
      <DeadLetters />
    </Suspense>
  );
}

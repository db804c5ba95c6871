import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { DeadLetters } from "@/view/platform/dead-letters/list";

export default function Page() {
  return (
    <Words of={["ask", "dead_letters", "parts"]}>
      <Suspense>
        <DeadLetters />
      </Suspense>
    </Words>
  );
}

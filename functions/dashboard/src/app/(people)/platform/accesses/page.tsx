import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Accesses } from "@/view/platform/accesses/accesses";

export default function Page() {
  return (
    <Words of={["accesses", "ask", "parts"]}>
      <Suspense>
        <Accesses />
      </Suspense>
    </Words>
  );
}

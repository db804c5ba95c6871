import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { PlatformAudit } from "@/view/platform/platform-audit";

export default function Page() {
  return (
    <Words of={["ask", "audit", "parts"]}>
      <Suspense>
        <PlatformAudit />
      </Suspense>
    </Words>
  );
}

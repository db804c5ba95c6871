import { Suspense } from "react";
import { PlatformAudit } from "@/view/platform/platform-audit";

export default function Page() {
  return (
    <Suspense>
      <PlatformAudit />
    </Suspense>
  );
}

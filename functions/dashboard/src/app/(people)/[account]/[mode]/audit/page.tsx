import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { AccountAudit } from "@/view/audit/account-audit";

export default function Page() {
  return (
    <Words of={["ask", "audit", "parts"]}>
      <Suspense>
        <AccountAudit />
      </Suspense>
    </Words>
  );
}

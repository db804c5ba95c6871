import { Suspense } from "react";
import { AccountAudit } from "@/view/audit/account-audit";

export default function Page() {
  return (
    <Suspense>
      <AccountAudit />
    </Suspense>
  );
}

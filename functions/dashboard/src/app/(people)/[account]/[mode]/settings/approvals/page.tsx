import { Words } from "@/i18n/words";
import { ApprovalSettings } from "@/view/settings/approvals";

export default function Page() {
  return (
    <Words of={["ask", "payout_approval", "settings"]}>
      <ApprovalSettings />
    </Words>
  );
}

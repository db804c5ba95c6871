import { ApprovalSettings } from "@/view/settings/approvals";

export default function Page() {
  return <ApprovalSettings />;
}

import { Inbox } from "@/view/approvals/inbox";

export default function Page() {
  return <Inbox />;
}

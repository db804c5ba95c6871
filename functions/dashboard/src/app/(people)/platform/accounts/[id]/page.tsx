import { Words } from "@/i18n/words";
import { Account } from "@/view/platform/account";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words
      of={[
        "accesses",
        "account_state",
        "ask",
        "audit",
        "document_kind",
        "parts",
        "platform_account",
        "settings",
        "team",
      ]}
    >
      <Account id={(await params).id} />
    </Words>
  );
}

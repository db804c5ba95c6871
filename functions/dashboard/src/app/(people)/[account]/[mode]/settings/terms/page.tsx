import { Words } from "@/i18n/words";
import { TermsPage } from "@/view/settings/terms";

export default function Page() {
  return (
    <Words of={["payout_status", "settings", "terms"]}>
      <TermsPage />
    </Words>
  );
}

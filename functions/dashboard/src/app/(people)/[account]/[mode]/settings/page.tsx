import { Words } from "@/i18n/words";
import { Settings } from "@/view/settings/settings";

export default function Page() {
  return (
    <Words of={["account_state", "ask", "document_kind", "settings"]}>
      <Settings />
    </Words>
  );
}

import { Words } from "@/i18n/words";
import { ReceiptSettings } from "@/view/settings/receipts";

export default function Page() {
  return (
    <Words of={["receipt_look", "settings"]}>
      <ReceiptSettings />
    </Words>
  );
}

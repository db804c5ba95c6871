import { ReceiptSettings } from "@/view/settings/receipts";

export default function Page() {
  return <ReceiptSettings />;
}

import { Words } from "@/i18n/words";
import { LatePayments } from "@/view/late/late-payments";

export default function Page() {
  return (
    <Words of={["late", "status"]}>
      <LatePayments />
    </Words>
  );
}

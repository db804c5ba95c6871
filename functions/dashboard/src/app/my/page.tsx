import { Words } from "@/i18n/words";
import { MyPayments } from "@/view/my/payments";

export default function Page() {
  return (
    <Words of={["status"]}>
      <MyPayments />
    </Words>
  );
}

import { MyPayments } from "@/view/my/payments";

export default function Page() {
  return <MyPayments />;
}

import { LatePayments } from "@/view/late/late-payments";

export default function Page() {
  return <LatePayments />;
}

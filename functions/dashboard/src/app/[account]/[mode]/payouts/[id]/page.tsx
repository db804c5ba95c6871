import { Payout } from "@/view/payouts/payout";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Payout id={(await params).id} />;
}

import { Payment } from "@/view/payment/payment";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Payment id={(await params).id} />;
}

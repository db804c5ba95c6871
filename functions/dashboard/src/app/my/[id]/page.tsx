import { MyPayment } from "@/view/my/payment";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <MyPayment id={(await params).id} />;
}

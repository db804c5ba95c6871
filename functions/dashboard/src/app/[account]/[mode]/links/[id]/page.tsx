import { PaymentLinkPage } from "@/view/links/link";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <PaymentLinkPage id={(await params).id} />;
}

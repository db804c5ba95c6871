import { Words } from "@/i18n/words";
import { PaymentLinkPage } from "@/view/links/link";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["links", "parts", "status"]}>
      <PaymentLinkPage id={(await params).id} />
    </Words>
  );
}

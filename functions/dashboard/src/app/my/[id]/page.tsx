import { Words } from "@/i18n/words";
import { MyPayment } from "@/view/my/payment";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["parts", "status"]}>
      <MyPayment id={(await params).id} />
    </Words>
  );
}

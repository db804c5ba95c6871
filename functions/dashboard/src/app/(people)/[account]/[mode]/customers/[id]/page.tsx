import { Words } from "@/i18n/words";
import { Customer } from "@/view/customers/customer";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["customer", "customers", "status"]}>
      <Customer id={(await params).id} />
    </Words>
  );
}

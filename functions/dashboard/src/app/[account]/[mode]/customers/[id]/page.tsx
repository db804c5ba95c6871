import { Customer } from "@/view/customers/customer";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Customer id={(await params).id} />;
}

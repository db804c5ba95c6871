import { Account } from "@/view/platform/account";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Account id={(await params).id} />;
}

import { KeyPage } from "@/view/keys/key";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <KeyPage id={(await params).id} />;
}

import { Statement } from "@/view/platform/statement";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Statement id={(await params).id} />;
}

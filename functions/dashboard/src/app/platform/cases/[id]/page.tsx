import { Case } from "@/view/platform/case";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Case id={(await params).id} />;
}

import { DeadLetter } from "@/view/platform/dead-letters/letter";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <DeadLetter id={(await params).id} />;
}

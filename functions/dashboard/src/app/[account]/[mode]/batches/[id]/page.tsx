import { Batch } from "@/view/batches/batch";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Batch id={(await params).id} />;
}

import { NewBatch } from "@/view/batches/new";

export default function Page() {
  return <NewBatch />;
}

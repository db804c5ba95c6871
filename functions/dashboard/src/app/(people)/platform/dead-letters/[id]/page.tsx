import { Words } from "@/i18n/words";
import { DeadLetter } from "@/view/platform/dead-letters/letter";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["ask", "dead_letters"]}>
      <DeadLetter id={(await params).id} />
    </Words>
  );
}

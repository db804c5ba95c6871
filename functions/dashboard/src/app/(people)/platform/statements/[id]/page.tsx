import { Words } from "@/i18n/words";
import { Statement } from "@/view/platform/statement";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["ask", "statements"]}>
      <Statement id={(await params).id} />
    </Words>
  );
}

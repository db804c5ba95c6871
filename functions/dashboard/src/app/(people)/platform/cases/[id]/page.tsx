import { Words } from "@/i18n/words";
import { Case } from "@/view/platform/case";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["ask", "case_reason", "ending", "evidence", "platform_case"]}>
      <Case id={(await params).id} />
    </Words>
  );
}

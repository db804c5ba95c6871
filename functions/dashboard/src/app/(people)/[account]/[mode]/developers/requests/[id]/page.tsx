import { Words } from "@/i18n/words";
import { RequestPage } from "@/view/requests/request";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["ask", "parts", "requests"]}>
      <RequestPage id={(await params).id} />
    </Words>
  );
}

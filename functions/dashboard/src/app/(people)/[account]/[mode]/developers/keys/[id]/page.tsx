import { Words } from "@/i18n/words";
import { KeyPage } from "@/view/keys/key";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["developers", "keys", "parts"]}>
      <KeyPage id={(await params).id} />
    </Words>
  );
}

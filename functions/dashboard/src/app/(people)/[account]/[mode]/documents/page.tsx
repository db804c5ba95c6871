import { Words } from "@/i18n/words";
import { Documents } from "@/view/documents/documents";

export default function Page() {
  return (
    <Words of={["documents", "parts"]}>
      <Documents />
    </Words>
  );
}

import { Words } from "@/i18n/words";
import { NewKey } from "@/view/keys/new-key";

export default function Page() {
  return (
    <Words of={["developers", "keys", "parts"]}>
      <NewKey />
    </Words>
  );
}

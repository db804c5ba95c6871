import { Words } from "@/i18n/words";
import { Keys } from "@/view/keys/keys";

export default function Page() {
  return (
    <Words of={["developers", "keys", "parts"]}>
      <Keys />
    </Words>
  );
}

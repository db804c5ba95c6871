import { Words } from "@/i18n/words";
import { Links } from "@/view/links/links";

export default function Page() {
  return (
    <Words of={["links", "parts"]}>
      <Links />
    </Words>
  );
}

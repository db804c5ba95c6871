import { Words } from "@/i18n/words";
import { Floats } from "@/view/platform/floats";

export default function Page() {
  return (
    <Words of={["ask", "floats", "parts"]}>
      <Floats />
    </Words>
  );
}

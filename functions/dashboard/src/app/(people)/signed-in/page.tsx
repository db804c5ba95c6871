import { Words } from "@/i18n/words";
import { Arrival } from "@/view/arrival";

export default function Page() {
  return (
    <Words of={["entrance"]}>
      <Arrival />
    </Words>
  );
}

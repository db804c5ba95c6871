import { Words } from "@/i18n/words";
import { Entrance } from "@/view/entrance";

export default function Page() {
  return (
    <Words of={["entrance"]}>
      <Entrance />
    </Words>
  );
}

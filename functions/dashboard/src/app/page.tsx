import { Words } from "@/i18n/words";
import { People } from "@/session/people";
import { Entrance } from "@/view/entrance";

export default function Page() {
  return (
    <Words of={["entrance"]}>
      <People>
        <Entrance />
      </People>
    </Words>
  );
}

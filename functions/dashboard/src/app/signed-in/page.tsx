import { Words } from "@/i18n/words";
import { People } from "@/session/people";
import { Arrival } from "@/view/arrival";

export default function Page() {
  return (
    <Words of={["entrance"]}>
      <People>
        <Arrival />
      </People>
    </Words>
  );
}

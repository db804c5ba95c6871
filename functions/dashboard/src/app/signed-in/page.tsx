import { Words } from "@/i18n/words";
import { SessionProvider } from "@/session/provider";
import { readSettings } from "@/settings";
import { Arrival } from "@/view/arrival";

/** On the way to every page, so with nothing that fetches: each has that of its own. */
export default function Page() {
  const { identityUrl } = readSettings();
  return (
    <Words of={["entrance"]}>
      <SessionProvider identityUrl={identityUrl}>
        <Arrival />
      </SessionProvider>
    </Words>
  );
}

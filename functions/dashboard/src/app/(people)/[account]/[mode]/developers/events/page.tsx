import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Events } from "@/view/events/events";

export default function Page() {
  return (
    <Words of={["developers", "events", "parts"]}>
      <Suspense>
        <Events />
      </Suspense>
    </Words>
  );
}

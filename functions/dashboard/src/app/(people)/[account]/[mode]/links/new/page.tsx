import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { NewLink } from "@/view/links/new-link";

export default function Page() {
  return (
    <Words of={["links"]}>
      <Suspense>
        <NewLink />
      </Suspense>
    </Words>
  );
}

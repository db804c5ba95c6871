import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Requests } from "@/view/requests/requests";

export default function Page() {
  return (
    <Words of={["developers", "parts", "requests"]}>
      <Suspense>
        <Requests />
      </Suspense>
    </Words>
  );
}

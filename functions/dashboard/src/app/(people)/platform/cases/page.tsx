import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Cases } from "@/view/platform/cases";

export default function Page() {
  return (
    <Words of={["case_reason", "parts", "platform_case"]}>
      <Suspense>
        <Cases />
      </Suspense>
    </Words>
  );
}

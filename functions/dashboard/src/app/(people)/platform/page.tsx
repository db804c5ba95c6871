import { Suspense } from "react";
import { Words } from "@/i18n/words";
import { Accounts } from "@/view/platform/accounts";

export default function Page() {
  return (
    <Words of={["account_state", "ask", "parts", "team"]}>
      <Suspense>
        <Accounts />
      </Suspense>
    </Words>
  );
}

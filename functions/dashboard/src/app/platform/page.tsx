import { Suspense } from "react";
import { Accounts } from "@/view/platform/accounts";

export default function Page() {
  return (
    <Suspense>
      <Accounts />
    </Suspense>
  );
}

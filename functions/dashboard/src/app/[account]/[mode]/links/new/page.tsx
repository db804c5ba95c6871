import { Suspense } from "react";
import { NewLink } from "@/view/links/new-link";

export default function Page() {
  return (
    <Suspense>
      <NewLink />
    </Suspense>
  );
}

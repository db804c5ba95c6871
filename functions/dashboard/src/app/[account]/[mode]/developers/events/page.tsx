import { Suspense } from "react";
import { Events } from "@/view/events/events";

export default function Page() {
  return (
    <Suspense>
      <Events />
    </Suspense>
  );
}

import { Suspense } from "react";
import { Requests } from "@/view/requests/requests";

export default function Page() {
  return (
    <Suspense>
      <Requests />
    </Suspense>
  );
}

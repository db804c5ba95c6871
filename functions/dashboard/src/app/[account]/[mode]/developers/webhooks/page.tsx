import { Webhooks } from "@/view/webhooks/webhooks";

export default function Page() {
  return <Webhooks />;
}

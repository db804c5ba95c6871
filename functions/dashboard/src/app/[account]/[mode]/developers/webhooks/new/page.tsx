import { NewEndpoint } from "@/view/webhooks/new-endpoint";

export default function Page() {
  return <NewEndpoint />;
}

import { EndpointPage } from "@/view/webhooks/endpoint";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <EndpointPage id={(await params).id} />;
}

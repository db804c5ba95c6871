import { EditEndpoint } from "@/view/webhooks/edit-endpoint";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <EditEndpoint id={(await params).id} />;
}

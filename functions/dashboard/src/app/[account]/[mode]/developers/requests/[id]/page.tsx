import { RequestPage } from "@/view/requests/request";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <RequestPage id={(await params).id} />;
}

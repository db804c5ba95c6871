import { EventPage } from "@/view/events/event";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <EventPage id={(await params).id} />;
}

import { Words } from "@/i18n/words";
import { EventPage } from "@/view/events/event";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return (
    <Words of={["events", "parts", "webhooks"]}>
      <EventPage id={(await params).id} />
    </Words>
  );
}

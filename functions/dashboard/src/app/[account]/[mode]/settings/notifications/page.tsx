import { NotificationSettings } from "@/view/settings/notifications";

export default function Page() {
  return <NotificationSettings />;
}

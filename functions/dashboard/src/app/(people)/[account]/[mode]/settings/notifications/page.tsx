import { Words } from "@/i18n/words";
import { NotificationSettings } from "@/view/settings/notifications";

export default function Page() {
  return (
    <Words of={["notifications", "settings"]}>
      <NotificationSettings />
    </Words>
  );
}

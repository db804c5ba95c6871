import { Words } from "@/i18n/words";
import { TestSettings } from "@/view/settings/test";

export default function Page() {
  return (
    <Words of={["ask", "settings", "test_clock", "test_data"]}>
      <TestSettings />
    </Words>
  );
}

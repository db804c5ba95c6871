import { TestSettings } from "@/view/settings/test";

export default function Page() {
  return <TestSettings />;
}

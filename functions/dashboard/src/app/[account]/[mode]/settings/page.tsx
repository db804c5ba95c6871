import { Settings } from "@/view/settings/settings";

export default function Page() {
  return <Settings />;
}

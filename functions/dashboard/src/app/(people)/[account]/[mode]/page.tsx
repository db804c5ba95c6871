import { Words } from "@/i18n/words";
import { Home } from "@/view/home/home";

export default function Page() {
  return (
    <Words of={["decisions", "home", "operators", "status"]}>
      <Home />
    </Words>
  );
}

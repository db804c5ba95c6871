import { Home } from "@/view/home";

export default function Page() {
  return <Home />;
}

import { Home } from "@/view/home/home";

export default function Page() {
  return <Home />;
}

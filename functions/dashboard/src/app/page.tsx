import { Entrance } from "@/view/entrance";

export default function Page() {
  return <Entrance />;
}

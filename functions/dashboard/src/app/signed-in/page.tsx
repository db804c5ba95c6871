import { Arrival } from "@/view/arrival";

export default function Page() {
  return <Arrival />;
}

import { Looks } from "@/view/accesses/looks";

export default function Page() {
  return <Looks />;
}

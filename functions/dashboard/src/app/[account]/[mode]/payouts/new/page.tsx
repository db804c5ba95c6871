import { NewPayout } from "@/view/payouts/new";

export default function Page() {
  return <NewPayout />;
}

import { Statements } from "@/view/platform/statements";

export default function Page() {
  return <Statements />;
}

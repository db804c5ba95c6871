import { Floats } from "@/view/platform/floats";

export default function Page() {
  return <Floats />;
}

import { Settlement } from "@/view/settlement/settlement";

export default function Page() {
  return <Settlement />;
}

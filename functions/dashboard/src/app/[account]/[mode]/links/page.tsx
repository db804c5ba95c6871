import { Links } from "@/view/links/links";

export default function Page() {
  return <Links />;
}

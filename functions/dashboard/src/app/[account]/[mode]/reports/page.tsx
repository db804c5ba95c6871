import { Reports } from "@/view/reports/reports";

export default function Page() {
  return <Reports />;
}

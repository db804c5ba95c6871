import { TopUps } from "@/view/topups";

export default function Page() {
  return <TopUps />;
}

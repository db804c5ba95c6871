import { Invitation } from "@/view/team/invitation";

export default function Page() {
  return <Invitation />;
}

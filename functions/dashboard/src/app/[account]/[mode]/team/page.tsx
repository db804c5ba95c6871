import { Team } from "@/view/team/team";

export default function Page() {
  return <Team />;
}

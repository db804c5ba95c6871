import { NewLink } from "@/view/links/new-link";

export default function Page() {
  return <NewLink />;
}

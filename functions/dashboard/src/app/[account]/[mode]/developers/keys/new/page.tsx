import { NewKey } from "@/view/keys/new-key";

export default function Page() {
  return <NewKey />;
}

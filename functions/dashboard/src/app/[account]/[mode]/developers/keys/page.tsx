import { Keys } from "@/view/keys/keys";

export default function Page() {
  return <Keys />;
}

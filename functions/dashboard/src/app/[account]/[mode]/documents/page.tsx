import { Documents } from "@/view/documents/documents";

export default function Page() {
  return <Documents />;
}

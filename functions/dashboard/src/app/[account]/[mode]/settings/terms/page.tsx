import { TermsPage } from "@/view/settings/terms";

export default function Page() {
  return <TermsPage />;
}

import type { ReactNode } from "react";
import { Words } from "@/i18n/words";
import { PayerProvider } from "@/payer/provider";
import { MyShell } from "@/view/my/shell";

/** For payers, who have no account and no sign-in, and phones on which each kilobyte is slow. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <Words of={["act", "my"]}>
      <PayerProvider>
        <MyShell>{children}</MyShell>
      </PayerProvider>
    </Words>
  );
}

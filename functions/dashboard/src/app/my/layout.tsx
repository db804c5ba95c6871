import { NextIntlClientProvider } from "next-intl";
import { getMessages } from "next-intl/server";
import type { ReactNode } from "react";
import { PayerProvider } from "@/payer/provider";
import { MyShell } from "@/view/my/shell";

/** For payers, who have no account and no sign-in, and phones on which each kilobyte is slow. */
export default async function Layout({ children }: { children: ReactNode }) {
  const { act, my, parts, states, status } = await getMessages();
  return (
    <NextIntlClientProvider messages={{ act, my, parts, states, status }}>
      <PayerProvider>
        <MyShell>{children}</MyShell>
      </PayerProvider>
    </NextIntlClientProvider>
  );
}

import type { Viewport } from "next";
import { NextIntlClientProvider } from "next-intl";
import { getLocale, getMessages } from "next-intl/server";
import type { ReactNode } from "react";
import "./globals.css";

export const viewport: Viewport = { colorScheme: "light dark" };

/** Around all pages, and no more than all need: payers' phones load nothing of a sign-in. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const locale = await getLocale();
  const { states } = await getMessages();
  return (
    <html lang={locale}>
      <body>
        <NextIntlClientProvider messages={{ states }}>{children}</NextIntlClientProvider>
      </body>
    </html>
  );
}

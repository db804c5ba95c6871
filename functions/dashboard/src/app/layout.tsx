import type { Viewport } from "next";
import { NextIntlClientProvider } from "next-intl";
import { getLocale } from "next-intl/server";
import type { ReactNode } from "react";
import { Words } from "@/i18n/words";
import { Whole } from "@/view/whole";
import "./globals.css";

export const viewport: Viewport = { colorScheme: "light dark" };

/** Around all pages, and no more than all need: payers' phones load nothing of a sign-in. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const locale = await getLocale();
  return (
    <html lang={locale}>
      <body>
        <Whole />
        <NextIntlClientProvider messages={{}}>
          <Words of={["states"]}>{children}</Words>
        </NextIntlClientProvider>
      </body>
    </html>
  );
}

import type { Viewport } from "next";
import { NextIntlClientProvider } from "next-intl";
import { getLocale } from "next-intl/server";
import type { ReactNode } from "react";
import { SessionProvider } from "@/session/provider";
import { readSettings } from "@/settings";
import "./globals.css";

export const viewport: Viewport = { colorScheme: "light dark" };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const locale = await getLocale();
  const { identityUrl } = readSettings();
  return (
    <html lang={locale}>
      <body>
        <NextIntlClientProvider>
          <SessionProvider identityUrl={identityUrl}>{children}</SessionProvider>
        </NextIntlClientProvider>
      </body>
    </html>
  );
}

import { NextIntlClientProvider } from "next-intl";
import type { ReactNode } from "react";
import { readSettings } from "@/settings";
import { SessionProvider } from "./provider";

/** Stands around the pages of those who sign in: their session, and the words of their pages. */
export function People({ children }: { children: ReactNode }) {
  const { identityUrl } = readSettings();
  return (
    <NextIntlClientProvider>
      <SessionProvider identityUrl={identityUrl}>{children}</SessionProvider>
    </NextIntlClientProvider>
  );
}

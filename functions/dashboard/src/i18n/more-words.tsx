"use client";

import { type Messages, NextIntlClientProvider, useLocale, useMessages } from "next-intl";
import { type ReactNode, useMemo } from "react";

/** Has `words` below beside those from above. */
export function MoreWords(props: { words: Partial<Messages>; children: ReactNode }) {
  const { words, children } = props;
  const [locale, above] = [useLocale(), useMessages()];
  const messages = useMemo(() => ({ ...above, ...words }), [above, words]);
  return (
    <NextIntlClientProvider locale={locale} messages={messages}>
      {children}
    </NextIntlClientProvider>
  );
}

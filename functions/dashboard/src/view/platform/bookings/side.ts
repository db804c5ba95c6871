"use client";

import { useTranslations } from "next-intl";

/** What a correction may name, beside wallets: accounts of the ledger. */
export const SIDES = [
  "available",
  "suspense",
  "fees:platform",
  "fees:operator",
  "taxes:transfer",
  "taxes:levy",
  "taxes:vat",
] as const;

/** An account of the ledger in words; one that has none by its own. */
export function useSide(): (code: string) => string {
  const t = useTranslations("bookings");
  return (code) => {
    const name = `sides.${code.replace(":", "_")}`;
    return t.has(name as never) ? t(name as never) : code;
  };
}

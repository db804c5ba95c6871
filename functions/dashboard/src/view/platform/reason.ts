"use client";

import { useTranslations } from "next-intl";

/** Why a case was opened, in words; one that has none yet by its own. */
export function useReason(): (reason: string) => string {
  const t = useTranslations("case_reason");
  return (reason) => (t.has(reason as never) ? t(reason as never) : reason);
}

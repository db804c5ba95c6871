"use client";

import { useTranslations } from "next-intl";
import type { ChargeStatus } from "@/api/client";

const LOOKS: Readonly<Record<ChargeStatus, { mark: string; color: string }>> = {
  pending: { mark: "◔", color: "text-wait" },
  requires_action: { mark: "◔", color: "text-wait" },
  succeeded: { mark: "✓", color: "text-good" },
  failed: { mark: "✕", color: "text-bad" },
  canceled: { mark: "–", color: "text-soft" },
};

/** The state of a payment in a word, a mark and a colour; nobody needs to see the colour. */
export function Status({ status }: { status: ChargeStatus }) {
  const t = useTranslations("status");
  const { mark, color } = LOOKS[status];
  return (
    <span className={`whitespace-nowrap font-medium text-sm ${color}`}>
      <span aria-hidden="true">{mark} </span>
      {t(status)}
    </span>
  );
}

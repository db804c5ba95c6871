"use client";

import { useTranslations } from "next-intl";
import type { PayoutBatchStatus, PayoutStatus } from "@/api/money-out";

type Look = { readonly mark: string; readonly color: string };

const WAITS: Look = { mark: "◔", color: "text-wait" };
const LOOKS: Readonly<Record<PayoutStatus | PayoutBatchStatus, Look>> = {
  requires_approval: { mark: "!", color: "text-wait" },
  pending: WAITS,
  in_transit: WAITS,
  processing: WAITS,
  paid: { mark: "✓", color: "text-good" },
  completed: { mark: "✓", color: "text-good" },
  failed: { mark: "✕", color: "text-bad" },
  rejected: { mark: "✕", color: "text-bad" },
  canceled: { mark: "–", color: "text-soft" },
  returned: { mark: "↩", color: "text-bad" },
};

/** The state of a payout or a batch in a word, a mark and a colour; nobody needs to see the colour. */
export function PayoutState({ status }: { status: PayoutStatus | PayoutBatchStatus }) {
  const t = useTranslations("payout_status");
  const { mark, color } = LOOKS[status];
  return (
    <span className={`whitespace-nowrap font-medium text-sm ${color}`}>
      <span aria-hidden="true">{mark} </span>
      {t(status)}
    </span>
  );
}

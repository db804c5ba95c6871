"use client";

import { useTranslations } from "next-intl";
import type { PayoutBatch } from "@/api/money-out";
import { formatAmount } from "@/text/money";
import { PAYOUT_STATUSES } from "../payouts/filters";
import { PayoutState } from "../payouts/state";
import { ended } from "./tally";

/** How far a batch is: how many lines have ended, and how many are in which state. */
export function Progress({ batch }: { batch: PayoutBatch }) {
  const t = useTranslations("batches");
  const done = ended(batch);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-col gap-1">
        <p>{t("progress", { done, count: batch.count })}</p>
        <progress
          aria-label={t("progress", { done, count: batch.count })}
          className="h-3 w-full appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
          max={batch.count}
          value={done}
        />
      </div>
      <ul className="flex flex-col gap-1">
        {PAYOUT_STATUSES.map((status) => ({ status, tally: batch.progress[status] }))
          .filter(({ tally }) => tally !== undefined && tally.count > 0)
          .map(({ status, tally }) => (
            <li key={status} className="flex flex-wrap justify-between gap-x-3">
              <PayoutState status={status} />
              <span className="tabular-nums">
                {t("tally", { count: tally?.count ?? 0, amount: formatAmount(tally?.amount ?? 0) })}
              </span>
            </li>
          ))}
      </ul>
    </div>
  );
}

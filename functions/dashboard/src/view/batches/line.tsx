"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import type { Payout } from "@/api/money-out";
import { useWork } from "@/session/work";
import { apart } from "@/text/apart";
import { formatAmount } from "@/text/money";
import { payee } from "../payouts/row";
import { PayoutState } from "../payouts/state";

/** One payout of a batch, nothing of it cut short: whoever approves must see whom she pays. */
export function BatchLine({ payout }: { payout: Payout }) {
  const t = useTranslations("payout");
  const { path } = useWork();
  const line = t("line", { line: payout.payout_batch_line ?? 0 });
  return (
    <Link
      className="grid min-h-16 grid-cols-[minmax(0,1fr)_7.5rem] content-center gap-x-3 gap-y-0.5 border-line border-b px-4 py-2 hover:bg-paper"
      href={path(`/payouts/${payout.id}`)}
      prefetch={false}
    >
      <span className="whitespace-nowrap font-semibold tabular-nums">
        {formatAmount(payout.amount)}
      </span>
      <PayoutState status={payout.status} />
      <span className="col-span-2 text-soft text-sm [overflow-wrap:anywhere]">
        {[
          line,
          payee(payout),
          ...(payout.reference === null ? [] : [apart(payout.reference)]),
        ].join(" · ")}
      </span>
    </Link>
  );
}

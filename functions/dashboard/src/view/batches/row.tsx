"use client";

import { useTranslations } from "next-intl";
import type { PayoutBatch } from "@/api/money-out";
import { useWork } from "@/session/work";
import { apart } from "@/text/apart";
import { Line } from "../payouts/row";
import { PayoutState } from "../payouts/state";

export function BatchRow({ batch }: { batch: PayoutBatch }) {
  const t = useTranslations("batches");
  const { path } = useWork();
  const count = t("count", { count: batch.count });
  return (
    <Line
      about={batch.description === null ? count : `${count} · ${apart(batch.description)}`}
      amount={batch.amount}
      href={path(`/batches/${batch.id}`)}
      seconds={batch.created}
      state={<PayoutState status={batch.status} />}
    />
  );
}

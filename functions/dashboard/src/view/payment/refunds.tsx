"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered, type Charge } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Failed, Loading } from "../states";
import { Time } from "../time";

type MadeRefund = components["schemas"]["Refund"];

const MOST = 100;
const LOOKS = {
  pending: { mark: "◔", color: "text-wait" },
  succeeded: { mark: "✓", color: "text-good" },
  failed: { mark: "✕", color: "text-bad" },
} as const satisfies Record<MadeRefund["status"], { mark: string; color: string }>;

/** What was given back of a payment, as it goes; nothing where nothing was. */
export function Refunds({ charge }: { charge: Charge }) {
  const t = useTranslations("refund");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("payment", charge.id, "refunds"),
    queryFn: () =>
      answered(api.GET("/v1/refunds", { params: { query: { charge: charge.id, limit: MOST } } })),
  });
  // Of a payment of which nothing was ever given back there is nothing to wait for.
  if (charge.amount_refunded === 0 && (data === undefined || data.data.length === 0)) {
    return null;
  }
  return (
    <section aria-labelledby="refunds" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="refunds">
        {t("list")}
      </h2>
      <div className="card">
        {data !== undefined ? (
          <ul>
            {data.data.map((refund) => (
              <li className="border-line border-b p-4 last:border-b-0" key={refund.id}>
                <Row refund={refund} />
              </li>
            ))}
          </ul>
        ) : error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={1} />
        )}
      </div>
    </section>
  );
}

function Row({ refund }: { refund: MadeRefund }) {
  const t = useTranslations("refund");
  const { mark, color } = LOOKS[refund.status];
  return (
    <div className="flex flex-col gap-1">
      <div className="flex flex-wrap justify-between gap-x-3">
        <span className="font-semibold tabular-nums">{formatAmount(refund.amount)}</span>
        <span className={`font-medium text-sm ${color}`}>
          <span aria-hidden="true">{mark} </span>
          {t(`status.${refund.status}`)}
        </span>
      </div>
      <div className="flex flex-wrap justify-between gap-x-3 text-soft text-sm">
        <span className="min-w-0 break-words">{refund.reason}</span>
        <Time seconds={refund.created} />
      </div>
      {refund.failure_message === null ? null : <p>{refund.failure_message}</p>}
      {refund.receipt_url === null ? null : (
        <a
          className="inline-flex min-h-11 items-center self-start text-accent underline"
          href={refund.receipt_url}
          rel="noreferrer"
        >
          {t("receipt")}
        </a>
      )}
    </div>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { Payout as PayoutObject } from "@/api/money-out";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Decision } from "../approvals/decision";
import { MoneyOut } from "../money-out";
import { Fact, Facts } from "../parts/facts";
import { Person } from "../person";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { TakeBack } from "./cancel";
import { OPERATORS } from "./row";
import { PayoutState } from "./state";
import { Timeline } from "./timeline";

const ROWS = 6;

/** One payout: what it is now, what can still be done about it, and what happened to it. */
export function Payout({ id }: { id: string }) {
  const t = useTranslations("payout");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("payouts", "one", id),
    queryFn: () => answered(api.GET("/v1/payouts/{id}", { params: { path: { id } } })),
  });
  return (
    <MoneyOut>
      <Link className="text-accent underline" href={path("/payouts")} prefetch={false}>
        {t("back")}
      </Link>
      {data !== undefined ? (
        <>
          <About payout={data} />
          <Decision name="payout" object={data} />
          {["pending", "requires_approval"].includes(data.status) && data.payout_batch === null ? (
            <TakeBack amount={data.amount} id={id} />
          ) : null}
          <Timeline id={id} />
        </>
      ) : (
        <div className="card">
          <h1 className="sr-only">{t("title")}</h1>
          {error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      )}
    </MoneyOut>
  );
}

function About({ payout }: { payout: PayoutObject }) {
  const t = useTranslations("payout");
  const { path } = useWork();
  const { destination, approval } = payout;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-3">
        <h1 className="font-semibold text-2xl tabular-nums">{formatAmount(payout.amount)}</h1>
        <span role="status">
          <PayoutState status={payout.status} />
        </span>
      </div>
      {payout.failure_message === null ? null : <p>{payout.failure_message}</p>}
      {payout.waiting_reason === null ? null : <p>{t(`waits.${payout.waiting_reason}`)}</p>}
      <Facts>
        <Fact
          name={t("number")}
        >{`${destination.phone} · ${OPERATORS[destination.operator]}`}</Fact>
        <Fact name={t("name")}>{destination.name}</Fact>
        <Fact name={t("created")}>
          <Time isExact seconds={payout.created} />
        </Fact>
        <Fact name={t("scheduled")}>
          {payout.scheduled_at === null ? null : <Time isExact seconds={payout.scheduled_at} />}
        </Fact>
        <Fact name={t("fee")}>{payout.fee === 0 ? null : formatAmount(payout.fee)}</Fact>
        <Fact name={t("returned")}>
          {payout.amount_returned === 0 ? null : formatAmount(payout.amount_returned)}
        </Fact>
        <Fact name={t("reference")}>{payout.reference}</Fact>
        <Fact name={t("description")}>{payout.description}</Fact>
        <Fact name={t("made_by")}>
          {payout.made_by === null ? null : <Person id={payout.made_by} />}
        </Fact>
        <Fact name={t("decided_by")}>
          {approval?.decided_by ? <Person id={approval.decided_by} /> : null}
        </Fact>
        <Fact name={t("reason")}>{approval?.reason ?? null}</Fact>
        <Fact name={t("batch")}>
          {payout.payout_batch === null ? null : (
            <Link
              className="text-accent underline"
              href={path(`/batches/${payout.payout_batch}`)}
              prefetch={false}
            >
              {t("line", { line: payout.payout_batch_line ?? 0 })}
            </Link>
          )}
        </Fact>
        <Fact name={t("operator_id")}>{payout.operator_transaction_id}</Fact>
        <Fact name={t("id")}>{payout.id}</Fact>
      </Facts>
      {payout.receipt_url === null ? null : (
        <a className="button-plain self-start" href={payout.receipt_url} rel="noreferrer">
          {t("receipt")}
        </a>
      )}
    </section>
  );
}

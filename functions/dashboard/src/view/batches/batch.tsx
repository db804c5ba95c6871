"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { PayoutBatch } from "@/api/money-out";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Decision } from "../approvals/decision";
import { Listed } from "../listed";
import { MoneyOut } from "../money-out";
import { Fact, Facts } from "../parts/facts";
import { PayoutState } from "../payouts/state";
import { Timeline } from "../payouts/timeline";
import { Person } from "../person";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { TakeBackBatch } from "./cancel";
import { BatchLine } from "./line";
import { Progress } from "./progress";
import { Results } from "./results";

const ROWS = 6;
const PAGE = 50;
const POLL_MILLISECONDS = 3000;
const OPEN: ReadonlySet<string> = new Set(["requires_approval", "processing"]);

/** One batch: how far it is, what can still be done about it, and its payouts by their lines. */
export function Batch({ id }: { id: string }) {
  const t = useTranslations("batches");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("batches", "one", id),
    queryFn: () => answered(api.GET("/v1/payout_batches/{id}", { params: { path: { id } } })),
    // Lines that begin to go tell nobody.
    refetchInterval: ({ state }) =>
      OPEN.has(state.data?.status ?? "") ? POLL_MILLISECONDS : false,
  });
  return (
    <MoneyOut>
      <Link className="text-accent underline" href={path("/batches")} prefetch={false}>
        {t("back")}
      </Link>
      {data !== undefined ? (
        <>
          <About batch={data} />
          <Decision name="batch" object={data} />
          <div className="flex flex-wrap gap-3">
            <Results id={id} />
            {OPEN.has(data.status) && data.status_detail !== "canceling" ? (
              <TakeBackBatch amount={data.amount} id={id} />
            ) : null}
          </div>
          <h2 className="font-semibold text-lg">{t("lines")}</h2>
          <Listed
            everyMilliseconds={OPEN.has(data.status) ? POLL_MILLISECONDS : false}
            fetch={(after) =>
              answered(
                api.GET("/v1/payout_batches/{id}/payouts", {
                  params: {
                    path: { id },
                    query: { limit: PAGE, ...(after === null ? {} : { starting_after: after }) },
                  },
                }),
              )
            }
            isWhole
            label={t("lines")}
            name={["batches", "lines", id]}
            none={t("no_lines")}
            row={(payout) => <BatchLine payout={payout} />}
          />
          <Timeline id={id} />
        </>
      ) : (
        <div className="card">
          <h1 className="sr-only">{t("one")}</h1>
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

function About({ batch }: { batch: PayoutBatch }) {
  const t = useTranslations("batches");
  const { approval } = batch;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-3">
        <h1 className="font-semibold text-2xl tabular-nums">{formatAmount(batch.amount)}</h1>
        <span role="status">
          <PayoutState status={batch.status} />
        </span>
      </div>
      <Progress batch={batch} />
      <Facts>
        <Fact name={t("how_many")}>{t("count", { count: batch.count })}</Fact>
        <Fact name={t("fee")}>{batch.fee === 0 ? null : formatAmount(batch.fee)}</Fact>
        <Fact name={t("created")}>
          <Time isExact seconds={batch.created} />
        </Fact>
        <Fact name={t("ended")}>
          {batch.ended_at === null ? null : <Time isExact seconds={batch.ended_at} />}
        </Fact>
        <Fact name={t("description")}>{batch.description}</Fact>
        <Fact name={t("made_by")}>
          <Person id={batch.made_by} />
        </Fact>
        <Fact name={t("decided_by")}>
          {approval?.decided_by ? <Person id={approval.decided_by} /> : null}
        </Fact>
        <Fact name={t("reason")}>{approval?.reason ?? null}</Fact>
        <Fact name={t("id")}>{batch.id}</Fact>
      </Facts>
    </section>
  );
}

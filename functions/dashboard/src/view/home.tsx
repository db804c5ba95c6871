"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { type ReactNode, useEffect, useState } from "react";
import { answered, type Charge } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { clock, dayStart } from "@/text/time";
import { Row } from "./rows";
import { Failed, Loading } from "./states";
import { fetchSince, figures } from "./today";

const LATEST = 8;
const DAY_CHECK_MILLISECONDS = 30_000;
const BALANCE_MILLISECONDS = 30_000;

/** What an owner looks at many times a day: the balance, today, and payments as they arrive. */
export function Home() {
  const t = useTranslations("home");
  const { path } = useWork();
  return (
    <>
      <h1 className="sr-only">{t("title")}</h1>
      <Balance />
      <Today />
      <section aria-labelledby="latest" className="flex flex-col gap-3">
        <div className="flex items-baseline justify-between gap-3">
          <h2 className="font-semibold text-lg" id="latest">
            {t("latest")}
          </h2>
          <Link className="text-accent underline" href={path("/payments")}>
            {t("all")}
          </Link>
        </div>
        <Latest />
      </section>
    </>
  );
}

function Balance() {
  const t = useTranslations("home");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("balance"),
    queryFn: () => answered(api.GET("/v1/balance", {})),
    // What is pending becomes available without an event.
    refetchInterval: BALANCE_MILLISECONDS,
  });
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  const shown = (money: { amount: number }[] | undefined) =>
    money === undefined ? "…" : formatAmount(money.reduce((sum, { amount }) => sum + amount, 0));
  return (
    <section aria-labelledby="balance" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="balance">
        {t("balance")}
      </h2>
      <dl className="grid grid-cols-1 gap-2 sm:grid-cols-3">
        <Figure name={t("available")}>{shown(data?.available)}</Figure>
        <Figure name={t("pending")}>{shown(data?.pending)}</Figure>
        <Figure name={t("held")}>{shown(data?.held)}</Figure>
      </dl>
    </section>
  );
}

function Today() {
  const t = useTranslations("home");
  const { api, key } = useWork();
  const since = useDayStart();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "since", since),
    queryFn: () => fetchSince(api, since),
  });
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  const ofToday = [...arrived.values()]
    .map(({ charge }) => charge)
    .filter(({ created }) => created >= since);
  const { francs, succeeded, rate } = figures(merge(data?.charges ?? [], ofToday));
  const isThere = data !== undefined;
  return (
    <section aria-labelledby="today" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="today">
        {t("today")}
      </h2>
      <dl className="grid grid-cols-1 gap-2 sm:grid-cols-3">
        <Figure name={t("received")}>{isThere ? formatAmount(francs) : "…"}</Figure>
        <Figure name={t("succeeded")}>{isThere ? succeeded : "…"}</Figure>
        <Figure name={t("rate")}>
          {isThere ? (rate === null ? t("no_rate") : t("percent", { rate })) : "…"}
        </Figure>
      </dl>
      {data?.isCut ? <p className="text-soft text-sm">{t("cut")}</p> : null}
    </section>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="card grid min-h-12 grid-cols-[7rem_minmax(0,1fr)] items-center px-4 py-2 sm:flex sm:min-h-20 sm:flex-col sm:items-start sm:justify-center">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="font-semibold tabular-nums [overflow-wrap:anywhere] sm:text-xl">{children}</dd>
    </div>
  );
}

/** The latest payments, in places that never move: what arrives changes what stands in them. */
function Latest() {
  const t = useTranslations("home");
  const { api, key } = useWork();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "latest"),
    queryFn: () => answered(api.GET("/v1/charges", { params: { query: { limit: LATEST } } })),
  });
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  const told = [...arrived.values()].map(({ charge }) => charge);
  const rows: Charge[] = merge(data?.data ?? [], told).slice(0, LATEST);
  return (
    <div className="card min-h-[32.125rem] overflow-hidden">
      {data === undefined ? (
        <Loading rows={LATEST} />
      ) : rows.length === 0 ? (
        <p className="p-4 text-soft">{t("none")}</p>
      ) : (
        <ul>
          {rows.map((charge, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place stays where it is
            <li key={place}>
              <Row charge={charge} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The second at which today began in Cameroon; a page that is open at midnight goes on to the next. */
function useDayStart(): number {
  const [since, setSince] = useState(() => dayStart(clock.now()));
  useEffect(() => {
    const timer = setInterval(() => setSince(dayStart(clock.now())), DAY_CHECK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return since;
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { answered, type Charge } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { payer } from "./rows";
import { Failed, Loading } from "./states";
import { Status } from "./status";
import { Time } from "./time";

const ROWS = 6;
const MOST_EVENTS = 100;

/** One payment: what it is now, and what happened to it. */
export function Payment({ id }: { id: string }) {
  const t = useTranslations("payment");
  const { api, key, path } = useWork();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("payment", id),
    queryFn: () => answered(api.GET("/v1/charges/{id}", { params: { path: { id } } })),
  });
  const told = arrived.get(id);
  const charge = data && merge([data], told === undefined ? [] : [told.charge])[0];
  return (
    <>
      <Link className="text-accent underline" href={path("/payments")}>
        {t("back")}
      </Link>
      {charge !== undefined ? (
        <Facts charge={charge} />
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
      {charge === undefined ? null : <Timeline id={id} />}
    </>
  );
}

function Facts({ charge }: { charge: Charge }) {
  const t = useTranslations("payment");
  const { operator_transaction_id: operatorId } = charge.payment_method_details.mobile_money;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-3">
        <h1 className="font-semibold text-2xl tabular-nums">{formatAmount(charge.amount)}</h1>
        <Status status={charge.status} />
      </div>
      {charge.failure_message === null ? null : <p>{charge.failure_message}</p>}
      <dl className="grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2">
        <Fact name={t("payer")}>{payer(charge)}</Fact>
        <Fact name={t("created")}>
          <Time isExact seconds={charge.created} />
        </Fact>
        <Fact name={t("reference")}>{charge.reference}</Fact>
        <Fact name={t("description")}>{charge.description}</Fact>
        <Fact name={t("operator_id")}>{operatorId}</Fact>
        <Fact name={t("refunded")}>
          {charge.amount_refunded === 0 ? null : formatAmount(charge.amount_refunded)}
        </Fact>
        <Fact name={t("reversed")}>
          {charge.amount_reversed === 0 ? null : formatAmount(charge.amount_reversed)}
        </Fact>
        <Fact name={t("id")}>{charge.id}</Fact>
      </dl>
      {charge.receipt_url === null ? null : (
        <a className="button-plain self-start" href={charge.receipt_url} rel="noreferrer">
          {t("receipt")}
        </a>
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return children === null ? null : (
    <div className="min-w-0">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

/** The payment's events, oldest first. */
function Timeline({ id }: { id: string }) {
  const t = useTranslations("payment");
  const types = useTranslations("event");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("payment", id, "events"),
    queryFn: () =>
      answered(api.GET("/v1/events", { params: { query: { object: id, limit: MOST_EVENTS } } })),
  });
  const name = (type: string) => (types.has(type as never) ? types(type as never) : type);
  return (
    <section aria-labelledby="timeline" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="timeline">
        {t("timeline")}
      </h2>
      <div className="card">
        {data !== undefined ? (
          <ol className="flex flex-col gap-3 p-4">
            {data.data.toReversed().map((event) => (
              <li key={event.id} className="flex flex-wrap justify-between gap-x-3">
                <span>{name(event.type)}</span>
                <Time className="text-soft" isExact seconds={event.created} />
              </li>
            ))}
          </ol>
        ) : error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={2} />
        )}
      </div>
    </section>
  );
}

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
import { payer } from "../rows";
import { Failed, Loading } from "../states";
import { Status } from "../status";
import { Time } from "../time";
import { Curl } from "./curl";
import { Refund } from "./refund";
import { Refunds } from "./refunds";
import { Timeline } from "./timeline";

const ROWS = 6;

/** One payment: what it is now, what can be done about it, and what happened to it. */
export function Payment({ id }: { id: string }) {
  const t = useTranslations("payment");
  const { api, key, path } = useWork();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("payment", id),
    queryFn: () => answered(api.GET("/v1/charges/{id}", { params: { path: { id } } })),
  });
  const charge = data && latest(data, arrived.get(id)?.charge);
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
      {charge === undefined ? null : (
        <>
          {charge.paid ? <Refunds charge={charge} /> : null}
          <Timeline charge={charge} />
        </>
      )}
    </>
  );
}

/** As it was last heard of. What was given back is as it was fetched: a refund that fails makes it less again. */
function latest(fetched: Charge, told: Charge | undefined): Charge {
  const known = merge([fetched], told === undefined ? [] : [told])[0] ?? fetched;
  return { ...known, amount_refunded: fetched.amount_refunded };
}

function Facts({ charge }: { charge: Charge }) {
  const t = useTranslations("payment");
  const { path } = useWork();
  const { operator_transaction_id: operatorId } = charge.payment_method_details.mobile_money;
  const customer = typeof charge.customer === "string" ? charge.customer : null;
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
        <Fact name={t("customer")}>
          {customer === null ? null : (
            <Link className="text-accent underline" href={path(`/customers/${customer}`)}>
              {customer}
            </Link>
          )}
        </Fact>
        <Fact name={t("operator_id")}>{operatorId}</Fact>
        <Fact name={t("refunded")}>
          {charge.amount_refunded === 0 ? null : formatAmount(charge.amount_refunded)}
        </Fact>
        <Fact name={t("reversed")}>
          {charge.amount_reversed === 0 ? null : formatAmount(charge.amount_reversed)}
        </Fact>
        <Fact name={t("id")}>{charge.id}</Fact>
      </dl>
      <div className="flex flex-wrap gap-3">
        {charge.receipt_url === null ? null : (
          <a className="button-plain" href={charge.receipt_url} rel="noreferrer">
            {t("receipt")}
          </a>
        )}
        <Refund charge={charge} />
      </div>
      <Curl path={`/v1/charges/${charge.id}`} />
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

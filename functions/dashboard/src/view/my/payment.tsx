"use client";

import { useTranslations } from "next-intl";
import { useCallback, useEffect, useState } from "react";
import type { Payment } from "@/payer/payments";
import { usePayer } from "@/payer/provider";
import { formatAmount } from "@/text/money";
import { Copy } from "../parts/copy";
import { Fact, Facts } from "../parts/facts";
import { Back, Part } from "../parts/heading";
import { Failed, Loading } from "../states";
import { Status } from "../status";
import { Time } from "../time";
import { TestNote, Title } from "./title";

/** One payment of hers: what became of it, its receipt, and whom to ask. */
export function MyPayment({ id }: { id: string }) {
  const t = useTranslations("my");
  const { api, hear, payments } = usePayer();
  const [fetched, setFetched] = useState<Payment | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const payment = fetched ?? payments.items?.find((each) => each.id === id) ?? null;
  const fetch = useCallback(() => {
    setError(null);
    hear(api.GET("/v1/customer/payments/{id}", { params: { path: { id } } })).then(
      setFetched,
      setError,
    );
  }, [api, hear, id]);
  useEffect(fetch, [fetch]);
  return (
    <>
      <Back href="/my">{t("payments")}</Back>
      {payment !== null ? (
        <About payment={payment} />
      ) : (
        <>
          <Title>{t("payment")}</Title>
          <div className="card">
            {error === null ? <Loading rows={3} /> : <Failed again={fetch} error={error} />}
          </div>
        </>
      )}
    </>
  );
}

function About({ payment }: { payment: Payment }) {
  const t = useTranslations("my");
  const { merchant, amount, status, receipt_url: receipt } = payment;
  return (
    <>
      {payment.livemode ? null : <TestNote>{t("test")}</TestNote>}
      <section className="card flex flex-col gap-4 p-4">
        <div className="flex flex-wrap items-baseline justify-between gap-3">
          <Title>{formatAmount(amount)}</Title>
          <Status status={status} />
        </div>
        <p>{t(`what.${status}`)}</p>
        <Facts>
          <Fact name={t("to")}>{merchant}</Fact>
          <Fact name={t("asked")}>
            <Time isExact seconds={payment.created} />
          </Fact>
        </Facts>
      </section>
      {receipt === null ? null : (
        <Part title={t("receipt")}>
          <p className="text-soft">{t("receipt_what")}</p>
          {/* Of its own: leaving this page would forget who she is. */}
          <a className="button self-start" href={receipt} rel="noopener" target="_blank">
            {t("receipt_open")}
          </a>
        </Part>
      )}
      <Part title={t("question")}>
        <p className="text-soft">{t("question_what", { merchant })}</p>
        <Copy label={t("copy")} text={payment.id} />
      </Part>
    </>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { useCallback, useEffect, useState } from "react";
import { NO_PAYMENTS, type Payment, withPage } from "@/payer/payments";
import { usePayer } from "@/payer/provider";
import { formatAmount } from "@/text/money";
import { RowLink } from "../parts/row-link";
import { Failed, Loading } from "../states";
import { Status } from "../status";
import { Time } from "../time";
import { TestNote, Title } from "./title";

const PAGE = 20;
const FIRST_ROWS = 3;

/** All that the proven number was asked to pay, of all merchants. */
export function MyPayments() {
  const t = useTranslations("my");
  const { api, hear, keep, payments } = usePayer();
  const [error, setError] = useState<Error | null>(null);
  const [isAway, setAway] = useState(false);
  const { items, hasMore } = payments;
  const fetch = useCallback(
    async (before: typeof payments) => {
      const last = before.items?.at(-1)?.id;
      setAway(true);
      setError(null);
      try {
        const query = { limit: PAGE, ...(last === undefined ? {} : { starting_after: last }) };
        keep(withPage(before, await hear(api.GET("/v1/customer/payments", { params: { query } }))));
      } catch (failure) {
        setError(failure instanceof Error ? failure : new Error(String(failure)));
      } finally {
        setAway(false);
      }
    },
    [api, hear, keep],
  );
  const isEmpty = items === null;
  useEffect(() => {
    if (isEmpty) {
      void fetch(NO_PAYMENTS);
    }
  }, [isEmpty, fetch]);
  return (
    <>
      <Title>{t("payments")}</Title>
      {items?.[0]?.livemode === false ? <TestNote>{t("test")}</TestNote> : null}
      <div className="card overflow-hidden">
        {items === null ? (
          error === null ? (
            <Loading rows={FIRST_ROWS} />
          ) : (
            <Failed again={() => void fetch(NO_PAYMENTS)} error={error} />
          )
        ) : items.length === 0 ? (
          <p className="p-4 text-soft">{t("none")}</p>
        ) : (
          <ul>
            {items.map((payment) => (
              <li className="border-line border-b last:border-b-0" key={payment.id}>
                <Row payment={payment} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {items !== null && error !== null ? (
        <Failed again={() => void fetch(payments)} error={error} />
      ) : null}
      <div className="flex flex-wrap gap-3">
        {hasMore ? (
          <button
            aria-disabled={isAway}
            className="button-plain"
            type="button"
            onClick={isAway ? undefined : () => void fetch(payments)}
          >
            {t("more")}
          </button>
        ) : null}
        {items === null ? null : (
          <button
            aria-disabled={isAway}
            className="button-plain"
            type="button"
            onClick={isAway ? undefined : () => void fetch(NO_PAYMENTS)}
          >
            {t("refresh")}
          </button>
        )}
      </div>
    </>
  );
}

function Row({ payment }: { payment: Payment }) {
  return (
    <RowLink
      href={`/my/${payment.id}`}
      more={payment.merchant}
      state={<Status status={payment.status} />}
      title={formatAmount(payment.amount)}
      when={<Time seconds={payment.created} />}
    />
  );
}

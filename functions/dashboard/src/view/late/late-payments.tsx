"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { type FormEvent, useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Dialog } from "../dialog";
import { Refused, Send } from "../form";
import { OPERATORS } from "../rows";
import { Failed, Loading } from "../states";
import { Time } from "../time";

type Late = components["schemas"]["LatePayment"];

const MOST = 100;
const ROWS = 3;
const WAYS = ["accept", "refund"] as const;
type Way = (typeof WAYS)[number];

/** Money that came after its payment had ended: the merchant keeps it or gives it back. */
export function LatePayments() {
  const t = useTranslations("late");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("late_payments", "open"),
    queryFn: () =>
      answered(
        api.GET("/v1/late_payments", { params: { query: { status: "open", limit: MOST } } }),
      ),
  });
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <p className="text-soft">{t("what")}</p>
      <div className="card">
        {data === undefined ? (
          error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )
        ) : data.data.length === 0 ? (
          <p className="p-4 text-soft">{t("none")}</p>
        ) : (
          <ul>
            {data.data.map((late) => (
              <li className="border-line border-b p-4 last:border-b-0" key={late.id}>
                <Row late={late} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function Row({ late }: { late: Late }) {
  const t = useTranslations("late");
  const { path } = useWork();
  const [way, setWay] = useState<Way | null>(null);
  const { operator, phone } = late.payment_method_details.mobile_money;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap justify-between gap-x-3">
        <span className="font-semibold tabular-nums">{formatAmount(late.amount)}</span>
        <Time className="text-soft text-sm" seconds={late.created} />
      </div>
      <p className="text-soft text-sm">
        {phone === null ? "" : `${phone} · `}
        {OPERATORS[operator]}
      </p>
      <p className="text-sm">
        {t(`by_itself.${late.decision}`)} <Time seconds={late.decides_at} />
      </p>
      {late.charge === null ? null : (
        <Link
          className="inline-flex min-h-11 items-center self-start text-accent underline"
          href={path(`/payments/${late.charge}`)}
        >
          {t("payment")}
        </Link>
      )}
      <div className="flex flex-wrap gap-3">
        {WAYS.map((each) => (
          <button className="button-plain" key={each} type="button" onClick={() => setWay(each)}>
            {t(each)}
          </button>
        ))}
      </div>
      <Dialog close={() => setWay(null)} isOpen={way !== null} title={t(way ?? "accept")}>
        {way === null ? null : <Decide done={() => setWay(null)} late={late} way={way} />}
      </Dialog>
    </div>
  );
}

function Decide({ late, way, done }: { late: Late; way: Way; done: () => void }) {
  const t = useTranslations("late");
  const { api, key: queryKey } = useWork();
  const queries = useQueryClient();
  const act = useAct(
    `late.${late.id}`,
    (body: { way: Way }, key): Promise<unknown> => {
      const params = { header: { "Idempotency-Key": key }, path: { id: late.id } };
      return body.way === "accept"
        ? answered(api.POST("/v1/late_payments/{id}/accept", { params }))
        : answered(api.POST("/v1/late_payments/{id}/refund", { params }));
    },
    () => {
      void queries.invalidateQueries({ queryKey: queryKey("late_payments") });
      done();
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    act.act({ way });
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={send}>
      <p>{t(`sure.${way}`, { amount: formatAmount(late.amount) })}</p>
      <Refused act={act} />
      <Send act={act} isGrave={way === "refund"}>
        {t(way)}
      </Send>
    </form>
  );
}

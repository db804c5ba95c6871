"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Failed } from "../states";
import { Figure } from "./figure";

const BALANCE_MILLISECONDS = 30_000;

/** What is theirs, and when. */
export function Balance() {
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

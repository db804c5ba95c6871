"use client";

import { useTranslations } from "next-intl";
import { formatAmount } from "@/text/money";
import { Failed } from "../states";
import { Figure } from "./figure";
import { Operators } from "./operators";
import { figures } from "./since";
import { useToday } from "./use-today";

/** What came in today, in all and by operator. */
export function Today() {
  const t = useTranslations("home");
  const { charges, isCut, error, again } = useToday();
  if (error !== null) {
    return (
      <div className="card">
        <Failed error={error} again={again} />
      </div>
    );
  }
  const { francs, succeeded, rate } = figures(charges ?? []);
  const isThere = charges !== null;
  return (
    <>
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
        {isCut ? <p className="text-soft text-sm">{t("cut")}</p> : null}
      </section>
      <Operators charges={charges} />
    </>
  );
}

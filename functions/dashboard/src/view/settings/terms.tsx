"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Day } from "../parts/day";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { OPERATORS } from "../payouts/row";
import { Fetched } from "./own-account";
import { Room } from "./room";
import { formatShare } from "./share";

type Terms = components["schemas"]["Terms"];
type Fee = components["schemas"]["FeeTerm"];
type Coming = components["schemas"]["ComingTerm"];

const DAY = 86_400;
const PAIDS = ["charge", "payout", "refund"] as const;

/** What is agreed with the platform: fees, holds and bounds, and what of it will change. */
export function TermsPage() {
  const { api, key } = useWork();
  return (
    <Room>
      <Fetched fetch={() => answered(api.GET("/v1/account/terms", {}))} name={key("terms")}>
        {(terms) => <InForce terms={terms} />}
      </Fetched>
    </Room>
  );
}

function InForce({ terms }: { terms: Terms }) {
  const t = useTranslations("terms");
  const words = useWords();
  const bounds = [
    ...terms.payment_limits.map((limit) => words.limit(limit)),
    ...terms.daily_limits.map((limit) => words.daily(limit)),
  ].filter((line) => line !== null);
  return (
    <>
      <p className="text-soft">{t("agreed")}</p>
      <Section id="fees" title={t("fees")}>
        <div className="card flex flex-col gap-4 p-4">
          {terms.fees.length === 0 ? <p>{t("no_fees")}</p> : null}
          {PAIDS.map((of) => {
            const fees = terms.fees.filter((fee) => fee.of === of);
            return fees.length === 0 ? null : (
              <div key={of}>
                <h3 className="font-semibold">{t(`of.${of}`)}</h3>
                <Lines lines={fees.map((fee) => words.fee(fee))} />
              </div>
            );
          })}
          <Facts>
            <Fact name={t("on_refund")}>
              {t(terms.fee_returned_on_refund ? "returned" : "kept")}
            </Fact>
          </Facts>
        </div>
      </Section>
      <Section id="holds" title={t("holds")}>
        <p className="card p-4">{words.hold(terms.hold_seconds)}</p>
      </Section>
      <Section id="bounds" title={t("bounds")}>
        <div className="card p-4">
          {bounds.length === 0 ? <p>{t("no_bounds")}</p> : <Lines lines={bounds} />}
        </div>
      </Section>
      <Section id="coming" title={t("coming")}>
        <div className="card p-4">
          {terms.coming.length === 0 ? (
            <p>{t("nothing_coming")}</p>
          ) : (
            <Lines
              lines={terms.coming.map((each) => (
                <>
                  <Day seconds={each.valid_from} /> : {words.coming(each)}
                </>
              ))}
            />
          )}
        </div>
      </Section>
    </>
  );
}

function Lines({ lines }: { lines: readonly ReactNode[] }) {
  return (
    <ul className="flex list-inside list-disc flex-col gap-1">
      {lines.map((line, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never change their places
        <li key={place}>{line}</li>
      ))}
    </ul>
  );
}

/** Each kind of term in one line of words. */
function useWords() {
  const t = useTranslations("terms");
  const at = (operator: "mtn" | "orange" | null) =>
    operator === null ? "" : ` (${OPERATORS[operator]})`;
  const fee = ({ line, basis_points, flat, operator, borne_by }: Fee) => {
    const parts = [
      basis_points === 0 && flat !== 0 ? null : formatShare(basis_points),
      flat === 0 ? null : formatAmount(flat),
    ].filter((part) => part !== null);
    const of = line === "vat" ? t("of_our_fee") : "";
    const payer = borne_by === "payer" ? t("by_payer") : "";
    return `${t(`line.${line}`)} : ${parts.join(" + ")}${of}${at(operator)}${payer}`;
  };
  const limit = (bound: Terms["payment_limits"][number]) =>
    t("limit", {
      of: t(`of.${bound.of}`),
      operator: at(bound.operator),
      minimum: formatAmount(bound.minimum),
      maximum: formatAmount(bound.maximum),
    });
  const daily = ({ of, count, amount }: Terms["daily_limits"][number]) =>
    count === null || amount === null
      ? null
      : t("daily", { of: t(`of.${of}`), count, amount: formatAmount(amount) });
  const hold = (seconds: number) =>
    seconds % DAY === 0 ? t("days", { count: seconds / DAY }) : t("seconds", { count: seconds });
  const coming = (each: Coming): string => {
    if (each.fee !== null) {
      return `${t(`of.${each.fee.of}`)}, ${fee(each.fee)}`;
    }
    if (each.hold_seconds !== null) {
      return hold(each.hold_seconds);
    }
    if (each.payment_limit !== null) {
      return limit(each.payment_limit);
    }
    if (each.daily_limit !== null) {
      return daily(each.daily_limit) ?? t("no_bounds");
    }
    return `${t("on_refund")} : ${t(each.fee_returned_on_refund === true ? "returned" : "kept")}`;
  };
  return { fee, limit, daily, hold, coming };
}

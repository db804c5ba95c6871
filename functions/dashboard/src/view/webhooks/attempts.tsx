"use client";

import { useTranslations } from "next-intl";
import { Mark } from "../parts/mark";
import { Time } from "../time";
import type { Delivery } from "./webhook-terms";

const LEAST_REFUSAL = 300;

/** The attempts of a delivery, the newest first, with what the receiver answered. */
export function Attempts(props: { attempts: NonNullable<Delivery["attempt_log"]> }) {
  const t = useTranslations("webhooks");
  const attempts = props.attempts.toReversed();
  if (attempts.length === 0) {
    return <p className="card p-4 text-soft">{t("no_attempts")}</p>;
  }
  return (
    <ol className="card">
      {attempts.map(({ at, status, error, duration_ms, answer }, place) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: an attempt has no other name, counted from the first
          key={attempts.length - place}
          className="flex flex-col gap-2 border-line border-b p-4 last:border-b-0"
        >
          <div className="flex flex-wrap items-baseline justify-between gap-x-3">
            <Mark look={status !== null && status < LEAST_REFUSAL ? "good" : "bad"}>
              {status ?? error ?? t("no_answer")}
            </Mark>
            <span className="text-soft text-sm">{t("took", { milliseconds: duration_ms })}</span>
            <Time className="text-soft text-sm" isExact seconds={at} />
          </div>
          {answer === "" ? null : (
            <pre className="whitespace-pre-wrap rounded-lg border border-line bg-paper p-3 text-sm [overflow-wrap:anywhere]">
              {answer}
            </pre>
          )}
        </li>
      ))}
    </ol>
  );
}

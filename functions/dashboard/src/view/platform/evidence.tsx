"use client";

import { useTranslations } from "next-intl";
import { formatAmount } from "@/text/money";
import { Facts, Named, Section } from "../named";
import { Time } from "../time";
import type { CaseDetails } from "./case";

type CaseEvidence = CaseDetails["evidence"];

/** What we and the operator said to each other. */
export function Evidence({ evidence }: { evidence: CaseEvidence }) {
  const t = useTranslations("evidence");
  const { payment, attempts, changes, check, lines, drop } = evidence;
  return (
    <>
      {payment === null ? null : (
        <Section id="payment" title={t("payment")}>
          <div className="card p-4">
            <Facts>
              <Named name={t("amount")}>{formatAmount(payment.amount)}</Named>
              <Named name={t("status")}>{payment.status_detail}</Named>
              <Named name={t("failure")}>{payment.failure_code}</Named>
              <Named name={t("operator")}>{payment.operator}</Named>
              <Named name={t("wallet")}>{payment.operator_account}</Named>
              <Named name={t("transaction")}>{payment.operator_transaction_id}</Named>
              <Named name={t("charge")}>{payment.charge}</Named>
              <Named name={t("created")}>
                <Time isExact seconds={payment.created} />
              </Named>
              <Named name={t("due_at")}>
                {check?.due_at == null ? null : <Time isExact seconds={check.due_at} />}
              </Named>
              <Named name={t("done_at")}>
                {check?.done_at == null ? null : <Time isExact seconds={check.done_at} />}
              </Named>
            </Facts>
          </div>
        </Section>
      )}
      {attempts.length === 0 ? null : (
        <Section id="attempts" title={t("attempts")}>
          <ol className="card">
            {attempts.map((attempt) => (
              <li className="border-line border-b p-4 last:border-b-0" key={attempt.number}>
                <Facts>
                  <Named name={t("reference")}>{attempt.reference}</Named>
                  <Named name={t("status")}>{attempt.status}</Named>
                  <Named name={t("word")}>{attempt.operator_word}</Named>
                  <Named name={t("reads")}>
                    {t("of_reads", { reads: attempt.reads, nothing: attempt.not_found_reads })}
                  </Named>
                  <Named name={t("created")}>
                    <Time isExact seconds={attempt.created} />
                  </Named>
                </Facts>
              </li>
            ))}
          </ol>
        </Section>
      )}
      {changes.length === 0 ? null : (
        <Section id="changes" title={t("changes")}>
          <ol className="card flex flex-col gap-3 p-4">
            {changes.map((change, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: nothing else tells two changes apart
              <li className="flex flex-wrap justify-between gap-x-3" key={at}>
                <span className="[overflow-wrap:anywhere]">
                  {change.from ?? "…"} → {change.to} ({change.cause}
                  {change.operator_word === null ? "" : `, ${change.operator_word}`})
                </span>
                <Time className="text-soft" isExact seconds={change.at} />
              </li>
            ))}
          </ol>
        </Section>
      )}
      {lines.length === 0 ? null : (
        <Section id="lines" title={t("lines")}>
          <ul className="card">
            {lines.map((line) => (
              <li
                className="border-line border-b p-4 last:border-b-0"
                key={`${line.statement} ${line.number}`}
              >
                <Facts>
                  <Named name={t("amount")}>{formatAmount(line.amount)}</Named>
                  <Named name={t("kind")}>{line.kind}</Named>
                  <Named name={t("matched")}>{line.state}</Named>
                  <Named name={t("transaction")}>{line.transaction_id}</Named>
                  <Named name={t("reference")}>{line.reference}</Named>
                  <Named name={t("created")}>
                    <Time isExact seconds={line.at} />
                  </Named>
                </Facts>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {drop === null ? null : (
        <Section id="drop" title={t("drop")}>
          <div className="card p-4">
            <Facts>
              <Named name={t("file")}>{drop.key}</Named>
              <Named name={t("bytes")}>{drop.size}</Named>
              <Named name={t("created")}>
                <Time isExact seconds={drop.dropped_at} />
              </Named>
              <Named name={t("wrong")}>{drop.code}</Named>
              <Named name={t("line")}>{drop.line}</Named>
              <Named name={t("column")}>{drop.column}</Named>
            </Facts>
          </div>
        </Section>
      )}
    </>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { formatAmount } from "@/text/money";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
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
              <Fact name={t("amount")}>{formatAmount(payment.amount)}</Fact>
              <Fact name={t("status")}>{payment.status_detail}</Fact>
              <Fact name={t("failure")}>{payment.failure_code}</Fact>
              <Fact name={t("operator")}>{payment.operator}</Fact>
              <Fact name={t("wallet")}>{payment.operator_account}</Fact>
              <Fact name={t("transaction")}>{payment.operator_transaction_id}</Fact>
              <Fact name={t("charge")}>{payment.charge}</Fact>
              <Fact name={t("created")}>
                <Time isExact seconds={payment.created} />
              </Fact>
              <Fact name={t("due_at")}>
                {check?.due_at == null ? null : <Time isExact seconds={check.due_at} />}
              </Fact>
              <Fact name={t("done_at")}>
                {check?.done_at == null ? null : <Time isExact seconds={check.done_at} />}
              </Fact>
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
                  <Fact name={t("reference")}>{attempt.reference}</Fact>
                  <Fact name={t("status")}>{attempt.status}</Fact>
                  <Fact name={t("word")}>{attempt.operator_word}</Fact>
                  <Fact name={t("reads")}>
                    {t("of_reads", { reads: attempt.reads, nothing: attempt.not_found_reads })}
                  </Fact>
                  <Fact name={t("created")}>
                    <Time isExact seconds={attempt.created} />
                  </Fact>
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
                  <Fact name={t("amount")}>{formatAmount(line.amount)}</Fact>
                  <Fact name={t("kind")}>{line.kind}</Fact>
                  <Fact name={t("matched")}>{line.state}</Fact>
                  <Fact name={t("transaction")}>{line.transaction_id}</Fact>
                  <Fact name={t("reference")}>{line.reference}</Fact>
                  <Fact name={t("created")}>
                    <Time isExact seconds={line.at} />
                  </Fact>
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
              <Fact name={t("file")}>{drop.key}</Fact>
              <Fact name={t("bytes")}>{drop.size}</Fact>
              <Fact name={t("created")}>
                <Time isExact seconds={drop.dropped_at} />
              </Fact>
              <Fact name={t("wrong")}>{drop.code}</Fact>
              <Fact name={t("line")}>{drop.line}</Fact>
              <Fact name={t("column")}>{drop.column}</Fact>
            </Facts>
          </div>
        </Section>
      )}
    </>
  );
}

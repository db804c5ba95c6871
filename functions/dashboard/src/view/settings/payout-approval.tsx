"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { FRANCS, readFrancs } from "@/text/amount";
import { formatAmount } from "@/text/money";
import { clock } from "@/text/time";
import { Ask } from "../ask";
import { Field } from "../form";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";

type Rule = components["schemas"]["OwnAccount"]["payout_approval"];
type RuleSet = components["schemas"]["PayoutApprovalRule"];

/** Which payouts wait for a second person. What was just set is known sooner here than by a read. */
export function PayoutApproval({ rule: read }: { rule: Rule }) {
  const t = useTranslations("payout_approval");
  const { api, scope } = useWork();
  const [wanted, setWanted] = useState<RuleSet | null>(null);
  const isLater = wanted !== null && wanted.valid_from > clock.now();
  const rule = wanted === null || isLater ? read : wanted;
  const from = (francs: number | null) =>
    francs === null
      ? t("never")
      : francs === 0
        ? t("always")
        : t("from", { amount: formatAmount(francs) });
  const typed = (francs: number | null) => (francs === null ? "" : String(francs));
  return (
    <Section
      aside={
        <Ask
          button={t("change")}
          fields={["keys_from", "people_from"]}
          initial={{ keys: typed(rule.keys_from), people: typed(rule.people_from) }}
          name="set_payout_approval"
          send={({ keys, people }, idempotencyKey) =>
            answered(
              api.POST("/v1/account/payout_approval", {
                params: { header: { "Idempotency-Key": idempotencyKey } },
                body: { keys_from: readFrancs(keys), people_from: readFrancs(people) },
              }),
            )
          }
          title={t("change_title")}
          done={setWanted}
        >
          {({ values, set, fault }) => (
            <>
              <p>{t("how")}</p>
              {scope.mode === "live" ? <p>{t("later")}</p> : null}
              <Field
                fault={fault("people_from")}
                inputMode="numeric"
                label={t("people")}
                maxLength={15}
                pattern={FRANCS}
                value={values.people}
                onChange={({ target }) => set({ people: target.value })}
              />
              <Field
                fault={fault("keys_from")}
                inputMode="numeric"
                label={t("keys")}
                maxLength={15}
                pattern={FRANCS}
                value={values.keys}
                onChange={({ target }) => set({ keys: target.value })}
              />
            </>
          )}
        </Ask>
      }
      id="payout-approval"
      title={t("title")}
    >
      <div className="card p-4">
        <Facts>
          <Fact name={t("people")}>{from(rule.people_from)}</Fact>
          <Fact name={t("keys")}>{from(rule.keys_from)}</Fact>
        </Facts>
        <p className="mt-3 text-soft text-sm empty:hidden" role="status">
          {isLater ? (
            <>
              {t("valid_from")} <Time seconds={wanted.valid_from} /> ({t("people")} :{" "}
              {from(wanted.people_from)} ; {t("keys")} : {from(wanted.keys_from)})
            </>
          ) : null}
        </p>
      </div>
    </Section>
  );
}

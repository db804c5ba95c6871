"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Ask } from "../ask";
import { Choice } from "../form";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";
import { type OwnAccount, WithAccount } from "./own-account";
import { Room } from "./room";

/** How the account stands, and in which language it is spoken to. */
export function Settings() {
  return (
    <Room>
      <WithAccount>{(account) => <Account account={account} />}</WithAccount>
    </Room>
  );
}

function Account({ account }: { account: OwnAccount }) {
  const t = useTranslations("settings");
  const states = useTranslations("account_state");
  const documents = useTranslations("document_kind");
  const word = (isEnabled: boolean) => t(isEnabled ? "enabled" : "disabled");
  return (
    <Section aside={<Language account={account} />} id="account" title={t("account")}>
      <div className="card p-4">
        <Facts>
          <Fact name={t("name")}>{account.name}</Fact>
          <Fact name={t("state")}>{states(account.state)}</Fact>
          <Fact name={t("language")}>{t(account.language)}</Fact>
          <Fact name={t("live_payments")}>{word(account.charges_enabled)}</Fact>
          <Fact name={t("live_payouts")}>{word(account.payouts_enabled)}</Fact>
          <Fact name={t("below_zero")}>
            {account.refunds_below_zero_limit === 0
              ? t("not_at_all")
              : formatAmount(account.refunds_below_zero_limit)}
          </Fact>
          <Fact name={t("missing")}>
            {account.missing.length === 0
              ? null
              : account.missing.map((kind) => documents(kind)).join(", ")}
          </Fact>
          <Fact name={t("created")}>
            <Time seconds={account.created} />
          </Fact>
          <Fact name={t("id")}>{account.id}</Fact>
        </Facts>
      </div>
    </Section>
  );
}

function Language({ account }: { account: OwnAccount }) {
  const t = useTranslations("settings");
  const { api, key } = useWork();
  const queries = useQueryClient();
  return (
    <Ask
      button={t("change_language")}
      done={(changed) => queries.setQueryData(key("account"), changed)}
      fields={["language"]}
      initial={{ language: account.language }}
      name="account.language"
      send={({ language }, idempotencyKey) =>
        answered(
          api.POST("/v1/account", {
            params: { header: { "Idempotency-Key": idempotencyKey } },
            body: { language },
          }),
        )
      }
      title={t("language_title")}
    >
      {({ values, set, fault }) => (
        <Choice
          fault={fault("language")}
          hint={t("language_hint")}
          label={t("language")}
          value={values.language}
          onChange={({ target }) => set({ language: target.value === "en" ? "en" : "fr" })}
        >
          <option value="fr">{t("fr")}</option>
          <option value="en">{t("en")}</option>
        </Choice>
      )}
    </Ask>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { PayoutApproval } from "./payout-approval";
import { TestClock } from "./test-clock";
import { TestData } from "./test-data";

type OwnAccount = components["schemas"]["OwnAccount"];

const ROWS = 4;

/** How the account stands, and what its owner may set. */
export function Settings() {
  const t = useTranslations("settings");
  const { api, key, scope } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("account"),
    queryFn: () => answered(api.GET("/v1/account", {})),
  });
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      {data === undefined ? (
        <div className="card">
          {error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      ) : (
        <>
          <Account account={data} />
          <PayoutApproval rule={data.payout_approval} />
        </>
      )}
      {scope.mode === "test" ? (
        <>
          <TestClock />
          <TestData />
        </>
      ) : null}
    </>
  );
}

function Account({ account }: { account: OwnAccount }) {
  const t = useTranslations("settings");
  const states = useTranslations("account_state");
  const documents = useTranslations("document_kind");
  const word = (isEnabled: boolean) => t(isEnabled ? "enabled" : "disabled");
  return (
    <Section id="account" title={t("account")}>
      <div className="card p-4">
        <Facts>
          <Fact name={t("name")}>{account.name}</Fact>
          <Fact name={t("state")}>{states(account.state)}</Fact>
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

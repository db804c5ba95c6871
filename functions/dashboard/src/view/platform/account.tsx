"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { AskReason } from "../ask";
import { Entry } from "../audit/entry";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";
import { AccountAccesses } from "./accesses/of-account";
import { BelowZero } from "./below-zero";
import { Documents } from "./documents";
import { InviteOwner } from "./invite-owner";
import { One } from "./one";
import { Proposal } from "./proposal";

export type AccountDetails = components["schemas"]["AccountDetails"];

/** One account as the platform sees it: how it stands, and what two administrators make of it. */
export function Account({ id }: { id: string }) {
  const t = useTranslations("platform");
  const { api } = usePlace();
  return (
    <One
      back={{ href: "/platform", word: t("accounts") }}
      fetch={() => answered(api.GET("/v1/accounts/{id}", { params: { path: { id } } }))}
      name={["account", id]}
    >
      {(account, became) => (
        <>
          <Standing account={account} became={became} />
          <Proposal account={account} became={became} />
          <Documents account={account} became={became} />
          <AccountAccesses account={account} />
          <Decisions account={account} />
        </>
      )}
    </One>
  );
}

/** What a part of the page is given: the account, and what to call once it is another. */
export interface AccountPart {
  readonly account: AccountDetails;
  readonly became: (account: AccountDetails | null) => void;
}

function Standing({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const settings = useTranslations("settings");
  const states = useTranslations("account_state");
  const { api } = usePlace();
  const word = (isEnabled: boolean) => settings(isEnabled ? "enabled" : "disabled");
  return (
    <section className="card flex flex-col gap-4 p-4">
      <h1 className="font-semibold text-xl [overflow-wrap:anywhere]">{account.name}</h1>
      <Facts>
        <Fact name={settings("state")}>{states(account.state)}</Fact>
        <Fact name={t("since")}>
          <Time seconds={account.state_since} />
        </Fact>
        <Fact name={settings("live_payments")}>{word(account.charges_enabled)}</Fact>
        <Fact name={settings("live_payouts")}>{word(account.payouts_enabled)}</Fact>
        <Fact name={settings("below_zero")}>
          {account.refunds_below_zero_limit === 0
            ? settings("not_at_all")
            : formatAmount(account.refunds_below_zero_limit)}
        </Fact>
        <Fact name={t("modes")}>{account.modes.map((mode) => t(mode)).join(", ")}</Fact>
        <Fact name={settings("created")}>
          <Time seconds={account.created} />
        </Fact>
        <Fact name={settings("id")}>{account.id}</Fact>
      </Facts>
      <div className="flex flex-wrap gap-3">
        <InviteOwner id={account.id} />
        <BelowZero account={account} became={became} />
        <AskReason
          button={t("suspend")}
          done={became}
          isGrave
          name={`suspend_account.${account.id}`}
          send={(reason) =>
            answered(
              api.POST("/v1/accounts/{id}/suspend", {
                params: { path: { id: account.id } },
                body: { reason },
              }),
            )
          }
          title={t("suspend_title", { name: account.name })}
        >
          <p>{t("suspend_line")}</p>
        </AskReason>
      </div>
    </section>
  );
}

function Decisions({ account }: { account: AccountDetails }) {
  const t = useTranslations("platform_account");
  return (
    <Section id="decisions" title={t("decisions")}>
      <div className="card overflow-hidden">
        {account.decisions.length === 0 ? (
          <p className="p-4 text-soft">{t("no_decisions")}</p>
        ) : (
          <ul>
            {account.decisions.map((entry) => (
              <li className="border-line border-b last:border-b-0" key={entry.id}>
                <Entry entry={entry} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask, AskReason } from "../ask";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";
import { Who } from "../who";
import type { AccountDetails, AccountPart } from "./account";
import { Propose } from "./propose";

type Open = NonNullable<AccountDetails["proposal"]>;

/** The change that waits for a second administrator, or a way to propose one. */
export function Proposal({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const { proposal } = account;
  return (
    <Section
      aside={proposal === null ? <Propose account={account} became={became} /> : null}
      id="proposal"
      title={t("proposal")}
    >
      <div className="card p-4">
        {proposal === null ? (
          <p className="text-soft">{t("no_proposal")}</p>
        ) : (
          <OpenProposal account={account} became={became} proposal={proposal} />
        )}
      </div>
    </Section>
  );
}

function OpenProposal({ account, became, proposal }: AccountPart & { proposal: Open }) {
  const t = useTranslations("platform_account");
  const ask = useTranslations("ask");
  const settings = useTranslations("settings");
  const { api } = usePlace();
  const path = { id: account.id, proposal: proposal.id };
  const word = (isEnabled: boolean) => settings(isEnabled ? "enabled" : "disabled");
  return (
    <div className="flex flex-col gap-4">
      <p className="font-medium">{t(`actions.${proposal.action}`)}</p>
      <Facts>
        <Fact name={settings("live_payments")}>{word(proposal.charges_enabled)}</Fact>
        <Fact name={settings("live_payouts")}>{word(proposal.payouts_enabled)}</Fact>
        <Fact name={ask("reason")}>{proposal.reason}</Fact>
        <Fact name={t("proposed_by")}>
          <Who id={proposal.proposed_by} />
        </Fact>
        <Fact name={t("proposed_at")}>
          <Time seconds={proposal.proposed_at} />
        </Fact>
        <Fact name={t("expires_at")}>
          <Time seconds={proposal.expires_at} />
        </Fact>
      </Facts>
      <div className="flex flex-wrap gap-3">
        <Ask
          button={t("approve")}
          done={became}
          initial={{ content_sha256: proposal.content_sha256 }}
          name={`approve_account_change.${proposal.id}`}
          send={(body) =>
            answered(
              api.POST("/v1/accounts/{id}/proposals/{proposal}/approve", {
                params: { path },
                body,
              }),
            )
          }
          title={t("approve_title", { action: t(`actions.${proposal.action}`) })}
        >
          {() => <p>{t("approve_line", { name: account.name })}</p>}
        </Ask>
        <AskReason
          button={t("reject")}
          done={became}
          isGrave
          name={`reject_account_change.${proposal.id}`}
          send={(reason) =>
            answered(
              api.POST("/v1/accounts/{id}/proposals/{proposal}/reject", {
                params: { path },
                body: { reason },
              }),
            )
          }
          title={t("reject_title")}
        />
      </div>
    </div>
  );
}

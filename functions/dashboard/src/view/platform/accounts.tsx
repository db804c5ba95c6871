"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../parts/paged";
import { Time } from "../time";
import { Choose } from "./choose";
import { CreateAccount } from "./create-account";

const STATES = ["onboarding", "active", "restricted", "suspended", "closed"] as const;

/** All accounts of the platform, newest first. */
export function Accounts() {
  const t = useTranslations("platform");
  const states = useTranslations("account_state");
  const { api, key } = usePlace();
  const wanted = useSearchParams().get("state");
  const state = STATES.find((each) => each === wanted);
  return (
    <>
      <h1 className="font-semibold text-xl">{t("accounts")}</h1>
      <CreateAccount />
      <Choose
        label={t("state")}
        name="state"
        words={STATES.map((value) => ({ value, word: states(value) }))}
      />
      <Fetched
        key={state ?? ""}
        fetch={(part) =>
          answered(
            api.GET("/v1/accounts", {
              params: { query: { ...part, ...(state === undefined ? {} : { state }) } },
            }),
          )
        }
        name={key("accounts", state ?? "")}
        none={t("no_accounts")}
      >
        {(account) => (
          <Link
            className="flex min-h-16 flex-col justify-center gap-0.5 px-4 py-2 hover:bg-paper"
            href={`/platform/accounts/${account.id}`}
            prefetch={false}
          >
            <span className="font-medium [overflow-wrap:anywhere]">{account.name}</span>
            <span className="flex flex-wrap justify-between gap-x-3 text-soft text-sm">
              <span>{states(account.state)}</span>
              <Time seconds={account.created} />
            </span>
          </Link>
        )}
      </Fetched>
    </>
  );
}

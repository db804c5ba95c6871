"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../../parts/paged";
import { Section } from "../../parts/section";
import type { AccountDetails } from "../account";
import { Access } from "./access";
import { OpenAccess } from "./open";

/** Who looks, or looked, into this account, and a way to ask for it. */
export function AccountAccesses({ account }: { account: AccountDetails }) {
  const t = useTranslations("accesses");
  const { api, key } = usePlace();
  return (
    <Section
      aside={account.state === "closed" ? null : <OpenAccess account={account} />}
      id="accesses"
      title={t("title")}
    >
      <Fetched
        fetch={(part) =>
          answered(api.GET("/v1/accesses", { params: { query: { ...part, account: account.id } } }))
        }
        name={key("accesses", account.id)}
        none={t("none")}
      >
        {(access) => <Access access={access} isOfOne />}
      </Fetched>
    </Section>
  );
}

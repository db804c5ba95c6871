"use client";

import { useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useLocale, useTranslations } from "next-intl";
import { useState } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { LOCALES } from "@/i18n/locale";
import { usePlace } from "@/session/place";
import { Ask } from "../ask";
import { Choice, Field } from "../form";
import { Fact, Facts } from "../parts/facts";

type AccountMade = components["schemas"]["AccountMade"];

/** Opens an account in the test mode; its keys are shown this once and kept nowhere. */
export function CreateAccount() {
  const t = useTranslations("platform");
  const team = useTranslations("team");
  const locale = useLocale();
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const [made, setMade] = useState<AccountMade | null>(null);
  return (
    <>
      <div>
        <Ask
          button={t("open_account")}
          fields={["name", "language"]}
          initial={{ name: "", language: locale }}
          name="create_account"
          send={(body, idempotencyKey) =>
            answered(
              api.POST("/v1/accounts", {
                params: { header: { "Idempotency-Key": idempotencyKey } },
                body,
              }),
            )
          }
          title={t("open_account")}
          done={(account) => {
            setMade(account);
            void queries.invalidateQueries({ queryKey: key("accounts") });
          }}
        >
          {({ values, set, fault }) => (
            <>
              <Field
                autoComplete="off"
                fault={fault("name")}
                label={t("name")}
                maxLength={200}
                required
                value={values.name}
                onChange={({ target }) => set({ name: target.value })}
              />
              <Choice
                fault={fault("language")}
                label={t("language")}
                value={values.language}
                onChange={({ target }) =>
                  set({
                    language: LOCALES.find((each) => each === target.value) ?? values.language,
                  })
                }
              >
                {LOCALES.map((each) => (
                  <option key={each} value={each}>
                    {team(`languages.${each}`)}
                  </option>
                ))}
              </Choice>
            </>
          )}
        </Ask>
      </div>
      {made === null ? null : <Made account={made} />}
    </>
  );
}

function Made({ account }: { account: AccountMade }) {
  const t = useTranslations("platform");
  const { credentials } = account;
  return (
    <section className="card flex flex-col gap-4 p-4" role="status">
      <p className="font-medium">
        <Link
          className="text-accent underline [overflow-wrap:anywhere]"
          href={`/platform/accounts/${account.id}`}
        >
          {account.name}
        </Link>
      </p>
      {credentials === null ? (
        <p>{t("keys_gone")}</p>
      ) : (
        <>
          <p>{t("keys_once")}</p>
          <Facts>
            <Fact name={t("secret_key")}>{credentials.secret_key}</Fact>
            <Fact name={t("publishable_key")}>{credentials.publishable_key}</Fact>
          </Facts>
        </>
      )}
    </section>
  );
}

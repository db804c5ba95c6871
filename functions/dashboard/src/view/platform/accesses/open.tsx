"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask } from "../../ask";
import { Choice, Field } from "../../form";
import type { AccountDetails } from "../account";

const MINUTES = [5, 15, 30, 60] as const;
const USUAL = 30;

/** Opens an access for a reason; the account's owners are told at once. */
export function OpenAccess({ account }: { account: AccountDetails }) {
  const t = useTranslations("accesses");
  const ask = useTranslations("ask");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  return (
    <Ask
      button={t("open_one")}
      done={() => void queries.invalidateQueries({ queryKey: key("accesses") })}
      fields={["mode", "minutes", "reason"]}
      initial={{ mode: account.modes[0] ?? "test", minutes: USUAL as number, reason: "" }}
      name={`open_access.${account.id}`}
      send={(body) =>
        answered(
          api.POST("/v1/accounts/{id}/accesses", { params: { path: { id: account.id } }, body }),
        )
      }
      title={t("open_title", { name: account.name })}
    >
      {({ values, set, fault }) => (
        <>
          <p>{t("open_line")}</p>
          <Choice
            fault={fault("mode")}
            label={t("mode")}
            value={values.mode}
            onChange={({ target }) =>
              set({ mode: account.modes.find((each) => each === target.value) ?? values.mode })
            }
          >
            {account.modes.map((each) => (
              <option key={each} value={each}>
                {platform(each)}
              </option>
            ))}
          </Choice>
          <Choice
            fault={fault("minutes")}
            label={t("minutes")}
            value={values.minutes}
            onChange={({ target }) => set({ minutes: Number(target.value) })}
          >
            {MINUTES.map((each) => (
              <option key={each} value={each}>
                {t("for_minutes", { minutes: each })}
              </option>
            ))}
          </Choice>
          <Field
            fault={fault("reason")}
            hint={t("reason_hint")}
            label={ask("reason")}
            maxLength={500}
            required
            value={values.reason}
            onChange={({ target }) => set({ reason: target.value })}
          />
        </>
      )}
    </Ask>
  );
}

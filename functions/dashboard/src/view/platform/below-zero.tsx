"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { FRANCS, readFrancs } from "@/text/amount";
import { Ask } from "../ask";
import { Field } from "../form";
import type { AccountPart } from "./account";

/** No amount: the API refuses it at its field, in its own words. */
const NONE = -1;

/** How far refunds may take what is available below zero: money that the platform lends. */
export function BelowZero({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const ask = useTranslations("ask");
  const { api } = usePlace();
  return (
    <Ask
      button={t("below_zero")}
      done={became}
      fields={["limit", "reason"]}
      initial={{ limit: String(account.refunds_below_zero_limit), reason: "" }}
      name={`refunds_below_zero.${account.id}`}
      send={({ limit, reason }) =>
        answered(
          api.POST("/v1/accounts/{id}/refunds_below_zero", {
            params: { path: { id: account.id } },
            body: { limit: readFrancs(limit) ?? NONE, reason },
          }),
        )
      }
      title={t("below_zero_title")}
    >
      {({ values, set, fault }) => (
        <>
          <p>{t("below_zero_line")}</p>
          <Field
            fault={fault("limit")}
            hint={t("below_zero_hint")}
            inputMode="numeric"
            label={t("below_zero_limit")}
            maxLength={17}
            pattern={FRANCS}
            required
            value={values.limit}
            onChange={({ target }) => set({ limit: target.value })}
          />
          <Field
            fault={fault("reason")}
            hint={ask("hint")}
            label={ask("reason")}
            maxLength={1000}
            required
            value={values.reason}
            onChange={({ target }) => set({ reason: target.value })}
          />
        </>
      )}
    </Ask>
  );
}

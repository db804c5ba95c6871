"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask } from "../ask";
import { Choice, Field } from "../form";
import type { AccountPart } from "./account";
import { ACTIONS, type Action, wish } from "./wish";

/** Asks another administrator for a change. */
export function Propose({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const ask = useTranslations("ask");
  const { api } = usePlace();
  return (
    <Ask
      button={t("propose")}
      done={became}
      fields={["action", "reason", "charges_enabled", "payouts_enabled"]}
      initial={{ action: "activate" as Action, reason: "", payments: true, payouts: true }}
      name={`propose_account_change.${account.id}`}
      send={(values) =>
        answered(
          api.POST("/v1/accounts/{id}/proposals", {
            params: { path: { id: account.id } },
            body: wish(values),
          }),
        )
      }
      title={t("propose_title")}
    >
      {({ values, set, fault }) => (
        <>
          <Choice
            fault={fault("action")}
            label={t("action")}
            value={values.action}
            onChange={({ target }) =>
              set({ action: ACTIONS.find((each) => each === target.value) ?? values.action })
            }
          >
            {ACTIONS.map((each) => (
              <option key={each} value={each}>
                {t(`actions.${each}`)}
              </option>
            ))}
          </Choice>
          {values.action === "restrict" ? (
            <Switch
              fault={fault("charges_enabled")}
              isOn={values.payments}
              label={t("with_payments")}
              set={(payments) => set({ payments })}
            />
          ) : null}
          {["restrict", "activate", "unrestrict"].includes(values.action) ? (
            <Switch
              fault={fault("payouts_enabled")}
              isOn={values.payouts}
              label={t("with_payouts")}
              set={(payouts) => set({ payouts })}
            />
          ) : null}
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

function Switch(props: {
  label: string;
  isOn: boolean;
  fault: string | null;
  set: (isOn: boolean) => void;
}) {
  const { label, isOn, fault, set } = props;
  return (
    <div>
      <label className="flex min-h-11 items-center gap-3">
        <input
          checked={isOn}
          className="size-6"
          type="checkbox"
          onChange={({ target }) => set(target.checked)}
        />
        {label}
      </label>
      <p className="text-bad text-sm empty:hidden" role="alert">
        {fault}
      </p>
    </div>
  );
}

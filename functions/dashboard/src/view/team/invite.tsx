"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useLocale, useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { LOCALES } from "@/i18n/locale";
import { useWork } from "@/session/work";
import { Ask } from "../ask";
import { Choice, Field } from "../form";
import { DUTIES, type Duty } from "./duty";

/** Asks an address into the team. */
export function Invite() {
  const t = useTranslations("team");
  const locale = useLocale();
  const { api, key } = useWork();
  const queries = useQueryClient();
  return (
    <Ask
      button={t("invite")}
      done={() => void queries.invalidateQueries({ queryKey: key("invitations") })}
      fields={["email", "duty", "language"]}
      initial={{ email: "", duty: "viewer" as Duty, language: locale }}
      name="invite_person"
      send={(body, idempotencyKey) =>
        answered(
          api.POST("/v1/invitations", {
            params: { header: { "Idempotency-Key": idempotencyKey } },
            body,
          }),
        )
      }
      title={t("invite_title")}
    >
      {({ values, set, fault }) => (
        <>
          <Field
            autoComplete="off"
            fault={fault("email")}
            hint={t("email_hint")}
            label={t("email")}
            maxLength={254}
            required
            type="email"
            value={values.email}
            onChange={({ target }) => set({ email: target.value })}
          />
          <DutyChoice duty={values.duty} fault={fault("duty")} set={(duty) => set({ duty })} />
          <Choice
            fault={fault("language")}
            label={t("language")}
            value={values.language}
            onChange={({ target }) =>
              set({ language: LOCALES.find((each) => each === target.value) ?? values.language })
            }
          >
            {LOCALES.map((each) => (
              <option key={each} value={each}>
                {t(`languages.${each}`)}
              </option>
            ))}
          </Choice>
        </>
      )}
    </Ask>
  );
}

/** One of the duties, and what it is for. */
export function DutyChoice(props: { duty: Duty; fault: string | null; set: (duty: Duty) => void }) {
  const { duty, fault, set } = props;
  const t = useTranslations("team");
  return (
    <Choice
      fault={fault}
      hint={t(`may.${duty}`)}
      label={t("duty")}
      value={duty}
      onChange={({ target }) => set(DUTIES.find((each) => each === target.value) ?? duty)}
    >
      {DUTIES.map((each) => (
        <option key={each} value={each}>
          {t(`duties.${each}`)}
        </option>
      ))}
    </Choice>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Choice, Field, Refused, Send } from "../form";
import { type CustomerBody, type CustomerFields, changesOf, fieldsOf } from "./fields";

type Kept = components["schemas"]["Customer"];

const FIELDS = ["name", "phone", "email", "reference", "description", "preferred_locale"] as const;

/** Makes a customer, or changes `customer`; `done` with what it is then. */
export function CustomerForm(props: { customer?: Kept; done: (customer: Kept) => void }) {
  const { customer = null, done } = props;
  const t = useTranslations("customer");
  const { api, key: queryKey } = useWork();
  const queries = useQueryClient();
  const name = `customer.${customer?.id ?? "new"}`;
  const { values, set, forget } = useDraft<CustomerFields>(name, fieldsOf(customer));
  const act = useAct(
    name,
    (body: CustomerBody, key): Promise<Kept> => {
      const header = { "Idempotency-Key": key };
      return customer === null
        ? answered(api.POST("/v1/customers", { params: { header }, body }))
        : answered(
            api.POST("/v1/customers/{id}", {
              params: { header, path: { id: customer.id } },
              body,
            }),
          );
    },
    (kept) => {
      forget();
      queries.setQueryData(queryKey("customer", kept.id), kept);
      void queries.invalidateQueries({ queryKey: queryKey("customers") });
      done(kept);
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    act.act(changesOf(customer, values));
  };
  const field = (field: Exclude<(typeof FIELDS)[number], "preferred_locale">) => ({
    fault: act.fault(field),
    label: t(field),
    value: values[field],
    onChange: ({ target }: { target: { value: string } }) => set({ [field]: target.value }),
  });
  const phone = customer?.phone ?? null;
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={send}>
      <Field {...field("name")} autoComplete="off" maxLength={200} />
      <Field
        {...field("phone")}
        autoComplete="off"
        inputMode="tel"
        maxLength={32}
        {...(phone === null ? {} : { hint: t("phone_kept", { phone }) })}
      />
      <Field {...field("email")} autoComplete="off" inputMode="email" maxLength={254} />
      <Field
        {...field("reference")}
        autoComplete="off"
        hint={t("reference_hint")}
        maxLength={100}
      />
      <Field {...field("description")} autoComplete="off" maxLength={500} />
      <Choice
        fault={act.fault("preferred_locale")}
        label={t("preferred_locale")}
        value={values.preferred_locale}
        onChange={({ target }) => set({ preferred_locale: target.value })}
      >
        <option value="">{t("any_language")}</option>
        <option value="fr">Français</option>
        <option value="en">English</option>
      </Choice>
      <Refused act={act} fields={FIELDS} />
      <Send act={act}>{t(customer === null ? "make" : "keep")}</Send>
    </form>
  );
}

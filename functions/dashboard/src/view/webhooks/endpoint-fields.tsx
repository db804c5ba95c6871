"use client";

import { useTranslations } from "next-intl";
import { Choice, Field } from "../form";
import type { EndpointForm } from "./endpoint-form";
import { EventChoice } from "./event-choice";

/** The fields that say of themselves what the API says of them. */
export const ENDPOINT_FIELDS = [
  "url",
  "description",
  "enabled_events",
  "payload",
  "order",
  "signature",
  "signing",
] as const;

const CHOICES = {
  payload: ["full", "thin"],
  order: ["none", "object"],
  signature: ["standard", "stripe"],
  signing: ["hmac", "ed25519"],
} as const;

/** What is asked of an endpoint; how it signs only while it is `isNew`. */
export function EndpointFields(props: {
  values: EndpointForm;
  set: (changes: Partial<EndpointForm>) => void;
  fault: (param: string) => string | null;
  isNew: boolean;
}) {
  const { values, set, fault, isNew } = props;
  const t = useTranslations("webhooks");
  const choice = (name: keyof typeof CHOICES) => (
    <Choice
      fault={fault(name)}
      label={t(`form.${name}`)}
      name={name}
      value={values[name]}
      onChange={({ target }) => set({ [name]: target.value })}
    >
      {CHOICES[name].map((each) => (
        <option key={each} value={each}>
          {t(`form.${name}s.${each}` as "form.payloads.full")}
        </option>
      ))}
    </Choice>
  );
  return (
    <>
      <Field
        fault={fault("url")}
        hint={t("form.url_hint")}
        inputMode="url"
        label={t("form.url")}
        maxLength={2048}
        name="url"
        value={values.url}
        onChange={({ target }) => set({ url: target.value })}
      />
      <Field
        fault={fault("description")}
        label={t("form.description")}
        maxLength={500}
        name="description"
        value={values.description}
        onChange={({ target }) => set({ description: target.value })}
      />
      <EventChoice
        change={set}
        events={values.events}
        fault={fault("enabled_events")}
        isAll={values.isAll}
      />
      {choice("payload")}
      {choice("order")}
      {isNew ? choice("signature") : null}
      {isNew && values.signature === "standard" ? choice("signing") : null}
    </>
  );
}

"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { readAmount } from "@/text/amount";
import { Choice, Field, Refused, Send } from "../form";
import { Back, Heading } from "../parts/heading";
import { AMOUNTS, EMPTY, type LinkForm, linkBody, readTwin } from "./link-form";

const FIELDS = [
  "amount",
  "amount_min",
  "amount_max",
  "description",
  "reference",
  "expires_at",
  "language",
  "success_url",
] as const;

/** Asks for a payment link, and leads to it. */
export function NewLink() {
  const t = useTranslations("links");
  const { api, path } = useWork();
  const router = useRouter();
  const words = useSearchParams();
  const name = words.size === 0 ? "link" : `link.${words}`;
  const { values, set, forget } = useDraft<LinkForm>(name, { ...EMPTY, ...readTwin(words) });
  const [isUnread, setUnread] = useState<readonly string[]>([]);
  const act = useAct(
    "link",
    (body: ReturnType<typeof linkBody>, key: string) =>
      answered(
        api.POST("/v1/payment_links", { params: { header: { "Idempotency-Key": key } }, body }),
      ),
    ({ id }) => {
      forget();
      router.push(path(`/links/${id}`));
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    const wanted = values.kind === "fixed" ? (["amount"] as const) : AMOUNTS;
    const unread = wanted.filter(
      (name) => (values[name] !== "" || name === "amount") && readAmount(values[name]) === null,
    );
    setUnread(unread);
    if (unread.length === 0) {
      act.act(linkBody(values));
    }
  };
  const field = (name: (typeof FIELDS)[number]) => ({
    label: t(`form.${name}`),
    name,
    value: values[name],
    fault: isUnread.includes(name) ? t("form.no_amount") : act.fault(name),
    onChange: ({ target }: { target: { value: string } }) => set({ [name]: target.value }),
  });
  return (
    <>
      <Back href={path("/links")}>{t("title")}</Back>
      <Heading title={t("new")} />
      <form className="card flex flex-col gap-4 p-4" noValidate onSubmit={send}>
        <Choice
          fault={null}
          label={t("form.kind")}
          name="kind"
          value={values.kind}
          onChange={({ target }) => set({ kind: target.value === "free" ? "free" : "fixed" })}
        >
          <option value="fixed">{t("form.fixed")}</option>
          <option value="free">{t("form.free")}</option>
        </Choice>
        {values.kind === "fixed" ? (
          <Field {...field("amount")} hint={t("form.amount_hint")} inputMode="numeric" />
        ) : (
          <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
            <Field
              {...field("amount_min")}
              fault={field("amount_min").fault ?? act.fault("amount")}
              hint={t("form.bounds_hint")}
              inputMode="numeric"
            />
            <Field {...field("amount_max")} inputMode="numeric" />
          </div>
        )}
        <Field {...field("description")} hint={t("form.description_hint")} maxLength={500} />
        <Field {...field("expires_at")} hint={t("form.expires_at_hint")} type="date" />
        <Field {...field("reference")} hint={t("form.reference_hint")} maxLength={100} />
        <Choice {...field("language")}>
          {(["auto", "fr", "en"] as const).map((each) => (
            <option key={each} value={each}>
              {t(`form.languages.${each}`)}
            </option>
          ))}
        </Choice>
        <Field
          {...field("success_url")}
          hint={t("form.success_url_hint")}
          inputMode="url"
          maxLength={2000}
        />
        <Refused act={act} fields={FIELDS} />
        <div>
          <Send act={act}>{t("form.make")}</Send>
        </div>
      </form>
    </>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Secret } from "../developers/secret";
import { Choice, Field, Refused, Send } from "../form";
import { Back, Heading } from "../parts/heading";
import { EMPTY, type KeyForm, KINDS, keyBody } from "./key-terms";
import { ScopeChoice } from "./scope-choice";

const FIELDS = ["kind", "name", "scopes", "expires_at", "allowed_from"] as const;

/** Makes a key, and shows its secret this once. */
export function NewKey() {
  const t = useTranslations("keys");
  const { api, key, path } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft<KeyForm>("key", EMPTY);
  const [made, setMade] = useState<components["schemas"]["ApiKeyMade"] | null>(null);
  const act = useAct(
    "key",
    (body: ReturnType<typeof keyBody>, attempt: string) =>
      answered(
        api.POST("/v1/api_keys", { params: { header: { "Idempotency-Key": attempt } }, body }),
      ),
    (answer) => {
      forget();
      setMade(answer);
      void queries.invalidateQueries({ queryKey: key("keys") });
    },
  );
  const back = <Back href={path("/developers/keys")}>{t("title")}</Back>;
  if (made !== null) {
    return (
      <>
        <Heading title={made.name ?? t("nameless")} />
        <Secret secret={made.secret} title={t("secret")} />
        {back}
      </>
    );
  }
  return (
    <>
      {back}
      <Heading title={t("new")} />
      <form
        className="card flex flex-col gap-4 p-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          act.act(keyBody(values));
        }}
      >
        <Field
          fault={act.fault("name")}
          hint={t("form.name_hint")}
          label={t("form.name")}
          maxLength={80}
          name="name"
          value={values.name}
          onChange={({ target }) => set({ name: target.value })}
        />
        <Choice
          fault={act.fault("kind")}
          hint={t(`form.kind_hint.${values.kind}`)}
          label={t("form.kind")}
          name="kind"
          value={values.kind}
          onChange={({ target }) =>
            set({ kind: KINDS.find((each) => each === target.value) ?? values.kind })
          }
        >
          {KINDS.map((each) => (
            <option key={each} value={each}>
              {t(`kind.${each}`)}
            </option>
          ))}
        </Choice>
        {values.kind === "restricted" ? (
          <ScopeChoice
            change={(scopes) => set({ scopes })}
            chosen={values.scopes}
            fault={act.fault("scopes")}
          />
        ) : null}
        <Field
          fault={act.fault("expires_at")}
          hint={t("form.expires_at_hint")}
          label={t("form.expires_at")}
          name="expires_at"
          type="date"
          value={values.expires_at}
          onChange={({ target }) => set({ expires_at: target.value })}
        />
        <Field
          fault={act.fault("allowed_from")}
          hint={t("form.allowed_from_hint")}
          label={t("form.allowed_from")}
          name="allowed_from"
          value={values.allowed_from}
          onChange={({ target }) => set({ allowed_from: target.value })}
        />
        <Refused act={act} fields={FIELDS} unknown={t("unknown_made")} />
        <div>
          <Send act={act}>{t("form.make")}</Send>
        </div>
      </form>
    </>
  );
}

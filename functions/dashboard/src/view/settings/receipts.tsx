"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { type FormEvent, useId, useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Field, Refused, Send } from "../form";
import { Section } from "../parts/section";
import { type ChosenLogo, handIn, readLogo } from "./logo";
import { type OwnAccount, WithAccount } from "./own-account";
import { Preview } from "./preview";
import { Room } from "./room";

type Update = components["schemas"]["AccountUpdate"];

const LONGEST_FOOTER = 200;

/** What receipts carry beside the payment, as it will look. */
export function ReceiptSettings() {
  const t = useTranslations("receipt_look");
  const [isSaved, setSaved] = useState(false);
  return (
    <Room>
      <WithAccount>
        {(account) => (
          <Section id="receipts" title={t("title")}>
            <Look
              account={account}
              // What was saved is where a form begins anew.
              key={`${account.receipt_footer} ${account.receipt_logo}`}
              setSaved={setSaved}
            />
            <p className="min-h-6 text-soft text-sm" role="status">
              {isSaved ? t("saved") : null}
            </p>
          </Section>
        )}
      </WithAccount>
    </Room>
  );
}

function Look(props: { account: OwnAccount; setSaved: (isSaved: boolean) => void }) {
  const { account, setSaved } = props;
  const t = useTranslations("receipt_look");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const id = useId();
  const [isPicture, setPicture] = useState(true);
  const { values, set, forget } = useDraft("receipt_look", {
    footer: account.receipt_footer ?? "",
    logo: account.receipt_logo,
  });
  const change = (changes: Partial<typeof values>) => {
    setSaved(false);
    set(changes);
  };
  const upload = useAct(
    "receipt_look.logo",
    // What is sent is the picture of this digest, so that one picture goes under one key.
    async ({ digest }: { digest: string }, idempotencyKey) => {
      const logo = queries.getQueryData<ChosenLogo>(key("logo", digest));
      if (logo === undefined) {
        throw new Error("the picture is gone");
      }
      const file = await handIn(api, logo, idempotencyKey, t("refused"));
      queries.setQueryData(key("logo", file), logo);
      return file;
    },
    (logo) => change({ logo }),
  );
  const save = useAct(
    "receipt_look",
    (body: Update, idempotencyKey) =>
      answered(
        api.POST("/v1/account", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          body,
        }),
      ),
    (changed) => {
      forget();
      queries.setQueryData(key("account"), changed);
      setSaved(true);
    },
  );
  const choose = async (file: File | undefined) => {
    const logo = file === undefined ? null : await readLogo(file);
    setPicture(file === undefined || logo !== null);
    if (logo !== null) {
      queries.setQueryData(key("logo", logo.digest), logo);
      upload.act({ digest: logo.digest });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const footer = values.footer.trim();
    save.act({ receipt_footer: footer === "" ? null : footer, receipt_logo: values.logo });
  };
  const fault = isPicture ? upload.fault("file") : t("no_picture");
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <form className="card flex min-w-0 flex-col gap-4 p-4" onSubmit={submit}>
        <p>{t("what")}</p>
        <Field
          autoComplete="off"
          fault={save.fault("receipt_footer")}
          hint={t("footer_hint", { left: LONGEST_FOOTER - values.footer.length })}
          label={t("footer")}
          maxLength={LONGEST_FOOTER}
          value={values.footer}
          onChange={({ target }) => change({ footer: target.value })}
        />
        <div className="flex min-w-0 flex-col gap-1">
          <label className="text-sm" htmlFor={id}>
            {t("logo")}
          </label>
          <input
            accept="image/png,image/jpeg"
            aria-describedby={`${id}-hint ${id}-fault`}
            aria-invalid={fault !== null}
            className="field py-2"
            id={id}
            type="file"
            onChange={({ target }) => void choose(target.files?.[0])}
            // The same name again may be another picture.
            onClick={({ currentTarget }) => {
              currentTarget.value = "";
            }}
          />
          <p className="text-soft text-sm" id={`${id}-hint`}>
            {t("logo_hint")}
          </p>
          <p className="text-bad text-sm empty:hidden" id={`${id}-fault`} role="alert">
            {fault ?? save.fault("receipt_logo")}
          </p>
          <Refused act={upload} fields={["file"]} />
        </div>
        {values.logo === null ? null : (
          <button
            className="button-plain self-start"
            type="button"
            onClick={() => change({ logo: null })}
          >
            {t("remove")}
          </button>
        )}
        <Refused act={save} fields={["receipt_footer", "receipt_logo"]} />
        <Send act={save}>{t("save")}</Send>
        <p className="min-h-6 text-soft text-sm" role="status">
          {upload.isSending ? t("looking") : null}
        </p>
      </form>
      <Preview
        footer={values.footer.trim()}
        language={account.language}
        logo={values.logo}
        name={account.name}
      />
    </div>
  );
}

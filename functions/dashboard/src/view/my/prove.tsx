"use client";

import { useTranslations } from "next-intl";
import { type FormEvent, useEffect, useState } from "react";
import { type Challenge, forgetChallenge, keepChallenge, readChallenge } from "@/payer/challenge";
import { usePayer } from "@/payer/provider";
import { useSend } from "@/payer/use-send";
import { Field, Send } from "../form";
import { Refusal } from "./refusal";
import { Title } from "./title";

const FIELDS = ["receipt_code", "phone"] as const;

/** A receipt and the number that paid for it, then the code that comes there by SMS. */
export function Prove() {
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [typed, setTyped] = useState({ receipt_code: "", phone: "" });
  useEffect(() => {
    setChallenge(readChallenge());
    // A receipt's page leads here with its code, which no server is told.
    const code = window.location.hash.slice(1);
    setTyped((before) => (before.receipt_code === "" ? { ...before, receipt_code: code } : before));
  }, []);
  if (challenge !== null) {
    const back = () => {
      forgetChallenge();
      setChallenge(null);
    };
    return <Code back={back} challenge={challenge} />;
  }
  return <Receipt done={setChallenge} set={setTyped} typed={typed} />;
}

type Typed = Readonly<Record<(typeof FIELDS)[number], string>>;

function Receipt(props: {
  typed: Typed;
  set: (typed: Typed) => void;
  done: (challenge: Challenge) => void;
}) {
  const { typed, set, done } = props;
  const t = useTranslations("my");
  const { api, isOver, hear } = usePayer();
  const act = useSend(
    (body: Typed) => hear(api.POST("/v1/customer/challenges", { body })),
    (asked) => done(keepChallenge(asked)),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    act.act(typed);
  };
  return (
    <>
      <Title>{t("title")}</Title>
      {isOver ? <p role="status">{t("over")}</p> : null}
      <p className="text-soft">{t("how")}</p>
      <form className="card flex flex-col gap-4 p-4" onSubmit={submit}>
        <Field
          autoCapitalize="none"
          autoComplete="off"
          autoCorrect="off"
          fault={act.fault("receipt_code")}
          hint={t("receipt_code_hint")}
          label={t("receipt_code")}
          maxLength={100}
          required
          spellCheck={false}
          value={typed.receipt_code}
          onChange={({ target }) => set({ ...typed, receipt_code: target.value })}
        />
        <Field
          autoComplete="tel"
          fault={act.fault("phone")}
          hint={t("phone_hint")}
          inputMode="tel"
          label={t("phone")}
          maxLength={100}
          required
          type="tel"
          value={typed.phone}
          onChange={({ target }) => set({ ...typed, phone: target.value })}
        />
        <Refusal act={act} fields={FIELDS} />
        <Send act={act}>{t("ask")}</Send>
      </form>
    </>
  );
}

function Code({ challenge, back }: { challenge: Challenge; back: () => void }) {
  const t = useTranslations("my");
  const { api, hear, prove } = usePayer();
  const [code, setCode] = useState("");
  const act = useSend(
    (body: { challenge: string; code: string }) =>
      hear(api.POST("/v1/customer/sessions", { body })),
    (session) => {
      forgetChallenge();
      prove(session);
    },
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    act.act({ challenge: challenge.id, code });
  };
  return (
    <>
      <Title>{t("code_title")}</Title>
      <p className="text-soft">{t("code_how")}</p>
      <form className="card flex flex-col gap-4 p-4" onSubmit={submit}>
        <Field
          autoComplete="one-time-code"
          fault={act.fault("code")}
          inputMode="numeric"
          label={t("code")}
          maxLength={100}
          required
          value={code}
          onChange={({ target }) => setCode(target.value)}
        />
        <Refusal act={act} fields={["code"]} />
        <Send act={act}>{t("show")}</Send>
      </form>
      <p className="text-soft text-sm">{t("no_code")}</p>
      <button className="button-plain self-start" type="button" onClick={back}>
        {t("again")}
      </button>
    </>
  );
}

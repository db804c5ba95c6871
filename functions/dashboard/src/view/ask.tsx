"use client";

import { useTranslations } from "next-intl";
import type { FormEvent, ReactNode } from "react";
import { type Act, useAct, useDraft } from "@/act/use-act";
import { Dialog } from "./dialog";
import { Field, Refused, Send } from "./form";

interface Question<Values, Result> {
  /** Tells this question from others of the same place, and of the same object. */
  readonly name: string;
  readonly button: string;
  readonly title: string;
  readonly isGrave?: boolean;
  readonly send: (values: Values, key: string) => Promise<Result>;
  readonly done: (result: Result) => void;
}

/** What stands in a question's form: what is typed, and what the API says of a field. */
export interface Form<Values> {
  readonly values: Values;
  readonly set: (changes: Partial<Values>) => void;
  readonly fault: Act<Values>["fault"];
}

/**
 * A button that asks before something is done. Whoever has to sign in again in between finds the
 * question open and as it was filled in.
 */
export function Ask<Values extends object, Result>(
  props: Question<Values, Result> & {
    initial: Values;
    /** The fields at which a refusal is shown, by the API's names. */
    fields?: readonly string[];
    children?: (form: Form<Values>) => ReactNode;
  },
) {
  const { name, button, title, isGrave = false, send, done, initial, fields, children } = props;
  const draft = useDraft(name, { isOpen: false, values: initial });
  const { isOpen, values } = draft.values;
  const act = useAct(name, send, (result) => {
    draft.forget();
    done(result);
  });
  const close = () => {
    act.forget();
    draft.forget();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    act.act(values);
  };
  const set = (changes: Partial<Values>) =>
    draft.set({ isOpen: true, values: { ...values, ...changes } });
  return (
    <>
      <button
        className={isGrave ? "button-plain text-bad" : "button-plain"}
        type="button"
        onClick={() => draft.set({ isOpen: true, values: initial })}
      >
        {button}
      </button>
      <Dialog close={close} isOpen={isOpen} title={title}>
        <form className="flex flex-col gap-4" onSubmit={submit}>
          {children?.({ values, set, fault: act.fault })}
          <Refused act={act} {...(fields === undefined ? {} : { fields })} />
          <Send act={act} isGrave={isGrave}>
            {button}
          </Send>
        </form>
      </Dialog>
    </>
  );
}

/** The same, asking for nothing but why. */
export function AskReason<Result>(
  props: Omit<Question<string, Result>, "send"> & {
    send: (reason: string, key: string) => Promise<Result>;
    children?: ReactNode;
  },
) {
  const { send, children, ...question } = props;
  const t = useTranslations("ask");
  return (
    <Ask
      {...question}
      fields={["reason"]}
      initial={{ reason: "" }}
      send={({ reason }, key) => send(reason, key)}
    >
      {({ values, set, fault }) => (
        <>
          {children}
          <Field
            fault={fault("reason")}
            hint={t("hint")}
            label={t("reason")}
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

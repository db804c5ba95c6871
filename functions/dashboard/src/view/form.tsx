"use client";

import { useTranslations } from "next-intl";
import { type ComponentProps, type ReactNode, useId } from "react";
import { STEP_UP } from "@/act/attempt";
import type { Act } from "@/act/use-act";
import { ApiError } from "@/api/client";
import { usePlace } from "@/session/place";

/** A field with its name, a hint, and below it what the API says of it. */
export function Field(
  props: { label: string; hint?: string; fault: string | null } & ComponentProps<"input">,
) {
  const { label, hint, fault, ...input } = props;
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label className="text-sm" htmlFor={id}>
        {label}
      </label>
      <input
        {...input}
        aria-describedby={`${id}-hint ${id}-fault`}
        aria-invalid={fault !== null}
        className="field"
        id={id}
      />
      <Notes fault={fault} hint={hint} id={id} />
    </div>
  );
}

/** One of several, with its name. */
export function Choice(
  props: {
    label: string;
    hint?: string;
    fault: string | null;
    children: ReactNode;
  } & ComponentProps<"select">,
) {
  const { label, hint, fault, children, ...select } = props;
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label className="text-sm" htmlFor={id}>
        {label}
      </label>
      <select
        {...select}
        aria-describedby={`${id}-hint ${id}-fault`}
        aria-invalid={fault !== null}
        className="field"
        id={id}
      >
        {children}
      </select>
      <Notes fault={fault} hint={hint} id={id} />
    </div>
  );
}

function Notes(props: { id: string; hint: string | undefined; fault: string | null }) {
  const { id, hint, fault } = props;
  return (
    <>
      {hint === undefined ? null : (
        <p className="text-soft text-sm" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p className="text-bad text-sm empty:hidden" id={`${id}-fault`} role="alert">
        {fault}
      </p>
    </>
  );
}

/** Statuses that leave open what was done: our own faults, and what a gateway says of silence. */
const OPEN: ReadonlySet<number> = new Set([0, 500, 502, 504]);

/**
 * Why an act failed, where that is not said at one of `fields`: in the API's words, or that nobody
 * knows; and the way on where the API wants her to sign in again. `unknown` says what to do then
 * where sending again would do it twice.
 */
export function Refused<Body>(props: {
  act: Act<Body>;
  fields?: readonly string[];
  unknown?: string;
}) {
  const { act, fields = [], unknown } = props;
  const t = useTranslations("act");
  const { session } = usePlace();
  const { error } = act;
  if (error === null) {
    return null;
  }
  if (error instanceof ApiError && error.code === STEP_UP) {
    return (
      <div className="flex flex-col items-start gap-3" role="alert">
        <p>{t("step_up")}</p>
        <button className="button" type="button" onClick={() => void session.stepUp()}>
          {t("confirm")}
        </button>
      </div>
    );
  }
  if (error instanceof ApiError && error.param !== null && fields.includes(error.param)) {
    return null;
  }
  const isKnown = error instanceof ApiError && !OPEN.has(error.status);
  return (
    <p className="text-bad" role="alert">
      {isKnown ? error.message : (unknown ?? t("unknown"))}
    </p>
  );
}

/** The button that sends; it says so while it does. */
export function Send<Body>(props: { act: Act<Body>; children: ReactNode; isGrave?: boolean }) {
  const { act, children, isGrave = false } = props;
  const t = useTranslations("act");
  return (
    <button
      aria-disabled={act.isSending}
      className={isGrave ? "button-grave" : "button"}
      type="submit"
    >
      {act.isSending ? t("sending") : children}
    </button>
  );
}

"use client";

import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { forgetDraft, keepDraft, readDraft } from "@/session/draft";
import { usePlace } from "@/session/place";
import { Attempt } from "./attempt";

export interface Act<Body> {
  /** Send it; nothing while the one before is on its way. */
  readonly act: (body: Body) => void;
  readonly isSending: boolean;
  readonly error: Error | null;
  /** What the API says of a field, by the API's name for it. */
  readonly fault: (param: string) => string | null;
  readonly forget: () => void;
}

/**
 * One button that does something. `send` gets the body and its idempotency key; `done` the answer.
 * `name` tells this act from others of the same account and mode, and of the same object.
 */
export function useAct<Body, Result>(
  name: string,
  send: (body: Body, key: string) => Promise<Result>,
  done: (result: Result) => void,
): Act<Body> {
  const place = usePlaceOf(`act.${name}`);
  const isAway = useRef(false);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const run = async (body: Body) => {
    if (isAway.current) {
      return;
    }
    isAway.current = true;
    setSending(true);
    setError(null);
    const attempt = new Attempt(place);
    try {
      const result = await send(body, attempt.key(body));
      attempt.heard(body, null);
      done(result);
    } catch (failure) {
      attempt.heard(body, failure);
      setError(failure instanceof Error ? failure : new Error(String(failure)));
    } finally {
      isAway.current = false;
      setSending(false);
    }
  };
  return {
    act: (body) => void run(body),
    isSending,
    error,
    fault: (param) => (error instanceof ApiError && error.param === param ? error.message : null),
    forget: () => setError(null),
  };
}

/** What a form holds, kept in this tab until it is `forget`ten: a sign-in in between loses nothing. */
export function useDraft<Values extends object>(
  name: string,
  initial: Values,
): { values: Values; set: (changes: Partial<Values>) => void; forget: () => void } {
  const place = usePlaceOf(`form.${name}`);
  const [values, setValues] = useState<Values>(() => {
    const kept = readDraft(place);
    return kept !== null && typeof kept === "object" ? { ...initial, ...kept } : initial;
  });
  return {
    values,
    set: (changes) => {
      const next = { ...values, ...changes };
      keepDraft(place, next);
      setValues(next);
    },
    forget: () => {
      forgetDraft(place);
      setValues(initial);
    },
  };
}

function usePlaceOf(name: string): string {
  const place = usePlace();
  return `${place.session.person}.${place.name}.${name}`;
}

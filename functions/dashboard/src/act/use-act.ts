"use client";

import { useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { forgetDraft, keepDraft, readDraft } from "@/session/draft";
import { usePlace } from "@/session/place";
import { Attempt } from "./attempt";

/** Something else was sent before and not answered: it may have happened. */
interface Doubt<Body> {
  readonly asked: Body;
  readonly before: readonly Body[];
}

export interface Act<Body> {
  /** Send it; nothing while the one before is on its way. */
  readonly act: (body: Body) => void;
  readonly isSending: boolean;
  readonly error: Error | null;
  /** What the API says of a field, by the API's name for it. */
  readonly fault: (param: string) => string | null;
  readonly forget: () => void;
  /** Why what was asked for was not sent yet, where the act is one that `asks`. */
  readonly doubt: Doubt<Body> | null;
  /** Send what was asked for though something is in doubt. */
  readonly goOn: () => void;
}

/**
 * One button that does something. `send` gets the body and its idempotency key; `done` the answer.
 * `name` tells this act from others of the same account and mode, and of the same object. One that
 * `asks` sends nothing else while something is in doubt, until she goes on.
 */
export function useAct<Body, Result>(
  name: string,
  send: (body: Body, key: string) => Promise<Result>,
  done: (result: Result) => void,
  asks = false,
): Act<Body> {
  const place = usePlaceOf(`act.${name}`);
  const isAway = useRef(false);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [doubt, setDoubt] = useState<Doubt<Body> | null>(null);
  const run = async (body: Body) => {
    if (isAway.current) {
      return;
    }
    const attempt = new Attempt(place);
    const before = asks ? (attempt.doubts(body) as Body[]) : [];
    setError(null);
    setDoubt(before.length === 0 ? null : { asked: body, before });
    if (before.length > 0) {
      return;
    }
    isAway.current = true;
    setSending(true);
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
    forget: () => {
      setError(null);
      setDoubt(null);
    },
    doubt,
    goOn: () => {
      if (doubt !== null) {
        new Attempt(place).told();
        void run(doubt.asked);
      }
    },
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

"use client";

import { useRef, useState } from "react";
import type { Act } from "@/act/use-act";
import { ApiError } from "@/api/client";

/**
 * A form of a payer's, sent once however often it is asked for. It moves no money and no right of a
 * merchant's, so it has no idempotency key: sent again, it asks again.
 */
export function useSend<Body, Result>(
  send: (body: Body) => Promise<Result>,
  done: (result: Result) => void,
): Act<Body> {
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
    try {
      done(await send(body));
    } catch (failure) {
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
    doubt: null,
    goOn: () => undefined,
  };
}

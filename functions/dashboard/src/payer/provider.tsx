"use client";

import { useLocale } from "next-intl";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Api, ApiError, answered, makeApi } from "@/api/client";
import type { components } from "@/api/schema";
import { forgetDrafts } from "@/session/draft";
import { NO_PAYMENTS, type Payments } from "./payments";

export type CustomerSession = components["schemas"]["CustomerSession"];

const UNAUTHORISED = 401;

/** A payer in this tab: nobody before a number is proven, and nobody after half an hour. */
interface Payer {
  /** Asked with her token once there is one; as nobody before. */
  readonly api: Api;
  readonly isProven: boolean;
  /** Her session ended by itself. */
  readonly isOver: boolean;
  /** What was shown of her list, which is there again when she comes back to it. */
  readonly payments: Payments;
  readonly keep: (payments: Payments) => void;
  readonly prove: (session: CustomerSession) => void;
  /** An answer of the API; where it says that the session is over, it is. */
  readonly hear: <T>(call: Promise<{ data?: T }>) => Promise<T>;
  readonly signOut: () => void;
}

const PayerContext = createContext<Payer | null>(null);

/** Keeps the token in this page's memory alone: a page that is loaded anew knows nobody. */
export function PayerProvider({ children }: { children: ReactNode }) {
  const locale = useLocale();
  const [session, setSession] = useState<CustomerSession | null>(null);
  const [isOver, setOver] = useState(false);
  const [payments, keep] = useState(NO_PAYMENTS);
  useEffect(() => {
    if (session === null) {
      return;
    }
    // What is on a shared phone's screen goes with the session, asked for or not.
    const timer = setTimeout(
      () => {
        setSession(null);
        setOver(true);
        keep(NO_PAYMENTS);
      },
      (session.expires_at - session.created) * 1000,
    );
    return () => clearTimeout(timer);
  }, [session]);
  const asked = useMemo(() => {
    const forget = (hasEnded: boolean) => {
      setSession(null);
      setOver(hasEnded);
      keep(NO_PAYMENTS);
      forgetDrafts();
    };
    const api = makeApi(session === null ? null : { token: async () => session.token }, locale);
    return {
      api,
      isProven: session !== null,
      hear: async <T,>(call: Promise<{ data?: T }>): Promise<T> => {
        try {
          return await answered(call);
        } catch (error) {
          if (session !== null && error instanceof ApiError && error.status === UNAUTHORISED) {
            forget(true);
          }
          throw error;
        }
      },
      prove: (proven: CustomerSession) => {
        setOver(false);
        setSession(proven);
      },
      signOut: () => {
        // Here it ends at once; without a network the API ends it by itself, after half an hour.
        api.POST("/v1/customer/sessions/end").catch(() => undefined);
        forget(false);
      },
    };
  }, [session, locale]);
  const payer = useMemo(() => ({ ...asked, isOver, payments, keep }), [asked, isOver, payments]);
  return <PayerContext value={payer}>{children}</PayerContext>;
}

export function usePayer(): Payer {
  const payer = useContext(PayerContext);
  if (payer === null) {
    throw new Error("there are no payer's pages here");
  }
  return payer;
}

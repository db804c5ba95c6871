"use client";

import { useLocale } from "next-intl";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Api, makeApi, type Scope } from "@/api/client";
import type { Session } from "./session";

/** From where the API is asked: within an account and mode, or outside of every account. */
export interface Place {
  readonly session: Session;
  readonly api: Api;
  /** Tells what is kept and fetched here from what is kept and fetched elsewhere. */
  readonly name: string;
  /** The key of what is fetched here. */
  readonly key: (...words: readonly unknown[]) => readonly unknown[];
}

const PlaceContext = createContext<Place | null>(null);

/** Calls below carry the account and mode of `scope`, and neither where there is none. */
export function PlaceProvider(props: {
  session: Session;
  name: string;
  scope?: Scope;
  children: ReactNode;
}) {
  const { session, name, scope, children } = props;
  const locale = useLocale();
  const place = useMemo(
    () => ({
      session,
      name,
      api: makeApi(session, locale, scope),
      key: (...words: readonly unknown[]) => [name, locale, ...words],
    }),
    [session, name, scope, locale],
  );
  return <PlaceContext value={place}>{children}</PlaceContext>;
}

export function usePlace(): Place {
  const place = useContext(PlaceContext);
  if (place === null) {
    throw new Error("there is no place to ask from here");
  }
  return place;
}

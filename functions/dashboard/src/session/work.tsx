"use client";

import { useLocale } from "next-intl";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Api, type Membership, makeApi, type Scope } from "@/api/client";
import type { Session } from "./session";

interface Work {
  readonly scope: Scope;
  readonly membership: Membership;
  readonly memberships: readonly Membership[];
  readonly session: Session;
  readonly api: Api;
  /** The key of what is fetched here: nothing of one account or mode is ever shown in another. */
  readonly key: (...words: readonly unknown[]) => readonly unknown[];
  /** A path below this account and mode. */
  readonly path: (below?: string) => string;
}

const WorkContext = createContext<Work | null>(null);

/** Where somebody is at work: the address says the account and the mode, and nothing else does. */
export function WorkProvider(props: {
  session: Session;
  membership: Membership;
  memberships: readonly Membership[];
  mode: Scope["mode"];
  children: ReactNode;
}) {
  const { session, membership, memberships, mode, children } = props;
  const locale = useLocale();
  const account = membership.id;
  const work = useMemo(() => {
    const scope = { account, mode };
    return {
      scope,
      api: makeApi(session, locale, scope),
      key: (...words: readonly unknown[]) => [account, mode, locale, ...words],
      path: (below = "") => `/${account}/${mode}${below}`,
    };
  }, [account, mode, locale, session]);
  return (
    <WorkContext value={{ ...work, membership, memberships, session }}>{children}</WorkContext>
  );
}

export function useWork(): Work {
  const work = useContext(WorkContext);
  if (work === null) {
    throw new Error("nobody is at work here");
  }
  return work;
}

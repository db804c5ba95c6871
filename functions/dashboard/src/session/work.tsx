"use client";

import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { Membership, Scope } from "@/api/client";
import { type Place, PlaceProvider, usePlace } from "./place";
import type { Session } from "./session";

interface Employment {
  readonly scope: Scope;
  readonly membership: Membership;
  readonly memberships: readonly Membership[];
  /** A path below this account and mode. */
  readonly path: (below?: string) => string;
}

/** What is kept and fetched is of one account and mode, and is never shown in another. */
interface Work extends Place, Employment {}

const WorkContext = createContext<Employment | null>(null);

/** Where somebody is at work: the address says the account and the mode, and nothing else does. */
export function WorkProvider(props: {
  session: Session;
  membership: Membership;
  memberships: readonly Membership[];
  mode: Scope["mode"];
  children: ReactNode;
}) {
  const { session, membership, memberships, mode, children } = props;
  const account = membership.id;
  const { scope, path } = useMemo(
    () => ({
      scope: { account, mode },
      path: (below = "") => `/${account}/${mode}${below}`,
    }),
    [account, mode],
  );
  return (
    <PlaceProvider name={`${account}.${mode}`} scope={scope} session={session}>
      <WorkContext value={{ scope, path, membership, memberships }}>{children}</WorkContext>
    </PlaceProvider>
  );
}

export function useWork(): Work {
  const place = usePlace();
  const work = useContext(WorkContext);
  if (work === null) {
    throw new Error("nobody is at work here");
  }
  return { ...place, ...work };
}

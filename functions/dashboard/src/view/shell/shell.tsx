"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useLocale, useTranslations } from "next-intl";
import { lazy, type ReactNode, Suspense, useDeferredValue } from "react";
import type { Membership, Mode } from "@/api/client";
import { LiveProvider } from "@/live/provider";
import type { Session } from "@/session/session";
import { useWork, WorkProvider } from "@/session/work";
import { me } from "../memberships";
import { Frame } from "../menu/frame";
import { NEAR, PAGES } from "../pages";
import { Plain } from "../plain";
import { SignedIn } from "../signed-in";
import { Failed } from "../states";
import { Acts } from "./acts";
import { Header } from "./header";
import { ModeLine } from "./mode-line";

// For the few of the platform, and so no merchant's to load.
const ByAccess = lazy(async () => ({ default: (await import("../by-access")).ByAccess }));

interface Place {
  readonly account: string;
  readonly mode: Mode;
}

/** What stands around each page of an account: who, where, in which mode, and the way elsewhere. */
export function Shell({ account, mode, children }: Place & { children: ReactNode }) {
  return (
    <SignedIn>
      {(session) => (
        <AtWork account={account} mode={mode} session={session}>
          {children}
        </AtWork>
      )}
    </SignedIn>
  );
}

function AtWork(props: Place & { session: Session; children: ReactNode }) {
  const { account, mode, session, children } = props;
  const t = useTranslations("shell");
  const states = useTranslations("states");
  const locale = useLocale();
  const { data: told, error, refetch } = useQuery(me(session));
  // The page is made in pieces, between which a phone answers its finger.
  const person = useDeferredValue(told);
  const data = person?.accounts;
  if (error !== null && data === undefined) {
    return <Failed error={error} again={() => void refetch()} />;
  }
  if (data === undefined) {
    return <Plain title={states("loading")} />;
  }
  const none = (
    <Plain title={t("no_access")}>
      <Link className="button" href="/">
        {t("home")}
      </Link>
    </Plain>
  );
  const at = (membership: Membership, all: readonly Membership[], line: ReactNode) => (
    <WorkProvider
      key={`${account} ${mode} ${locale}`}
      membership={membership}
      memberships={all}
      mode={mode}
      session={session}
    >
      <LiveProvider>
        <ModeLine />
        {line}
        <Pages>{children}</Pages>
      </LiveProvider>
    </WorkProvider>
  );
  const membership = data.find(({ id }) => id === account);
  if (membership?.modes.includes(mode)) {
    return at(membership, data, null);
  }
  return membership === undefined && person?.roles.includes("admin") ? (
    <Suspense fallback={<Plain title={states("loading")} />}>
      <ByAccess account={account} mode={mode} none={none} session={session}>
        {(guest, line) => at(guest, [guest, ...data], line)}
      </ByAccess>
    </Suspense>
  ) : (
    none
  );
}

function Pages({ children }: { children: ReactNode }) {
  const t = useTranslations("shell");
  const { path, scope } = useWork();
  const near: Partial<Record<string, (typeof NEAR)[keyof typeof NEAR]>> = NEAR;
  const entries = PAGES.map(({ name, below, group }) => ({
    name: t(name),
    href: path(below),
    group: group === null ? null : t(`groups.${group}`),
    sign: near[name] ?? null,
  }));
  return (
    <Frame
      acts={<Acts />}
      entries={entries}
      header={<Header />}
      isBelowBand={scope.mode === "test"}
    >
      {children}
    </Frame>
  );
}

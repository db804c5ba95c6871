"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useLocale, useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { Mode } from "@/api/client";
import { LiveProvider } from "@/live/provider";
import type { Session } from "@/session/session";
import { useWork, WorkProvider } from "@/session/work";
import { memberships } from "../memberships";
import { Frame } from "../menu/frame";
import { NEAR, PAGES } from "../pages";
import { Plain } from "../plain";
import { SignedIn } from "../signed-in";
import { Failed } from "../states";
import { Acts } from "./acts";
import { Header } from "./header";
import { ModeLine } from "./mode-line";

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
  const { data, error, refetch } = useQuery(memberships(session));
  if (error !== null && data === undefined) {
    return <Failed error={error} again={() => void refetch()} />;
  }
  if (data === undefined) {
    return <Plain title={states("loading")} />;
  }
  const membership = data.find(({ id }) => id === account);
  if (membership === undefined || !membership.modes.includes(mode)) {
    return (
      <Plain title={t("no_access")}>
        <Link className="button" href="/">
          {t("home")}
        </Link>
      </Plain>
    );
  }
  return (
    <WorkProvider
      key={`${account} ${mode} ${locale}`}
      membership={membership}
      memberships={data}
      mode={mode}
      session={session}
    >
      <LiveProvider>
        <ModeLine />
        <Pages>{children}</Pages>
      </LiveProvider>
    </WorkProvider>
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

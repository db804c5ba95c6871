"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { PlaceProvider } from "@/session/place";
import type { Session } from "@/session/session";
import { LanguageSwitch } from "../language-switch";
import { me } from "../memberships";
import { Frame } from "../menu/frame";
import { Plain } from "../plain";
import { SignOut } from "../shell/acts";
import { SignedIn } from "../signed-in";
import { Failed } from "../states";
import { PLATFORM_NEAR, PLATFORM_PAGES } from "./pages";

/** What stands around the pages of those who run the platform, outside of every account. */
export function PlatformShell({ children }: { children: ReactNode }) {
  return <SignedIn>{(session) => <AtPlatform session={session}>{children}</AtPlatform>}</SignedIn>;
}

function AtPlatform({ session, children }: { session: Session; children: ReactNode }) {
  const t = useTranslations("platform");
  const states = useTranslations("states");
  const { data, error, refetch } = useQuery(me(session));
  if (data === undefined) {
    return error === null ? (
      <Plain title={states("loading")} />
    ) : (
      <Failed error={error} again={() => void refetch()} />
    );
  }
  if (!data.roles.includes("admin")) {
    return (
      <Plain title={t("not_yours")}>
        <Link className="button" href="/">
          {t("home")}
        </Link>
      </Plain>
    );
  }
  return (
    <PlaceProvider name="platform" session={session}>
      <title>{t("page_title")}</title>
      <Pages hasAccounts={data.accounts.length > 0}>{children}</Pages>
    </PlaceProvider>
  );
}

function Pages(props: { hasAccounts: boolean; children: ReactNode }) {
  const { hasAccounts, children } = props;
  const t = useTranslations("platform");
  const near: Partial<Record<string, (typeof PLATFORM_NEAR)[keyof typeof PLATFORM_NEAR]>> =
    PLATFORM_NEAR;
  const entries = PLATFORM_PAGES.map(({ name, href }) => ({
    name: t(name),
    href,
    group: null,
    sign: near[name] ?? null,
  }));
  return (
    <Frame
      acts={<Acts hasAccounts={hasAccounts} />}
      entries={entries}
      header={
        <header className="border-line border-b bg-card">
          <p className="mx-auto max-w-5xl p-4 font-semibold">{t("title")}</p>
        </header>
      }
    >
      {children}
    </Frame>
  );
}

function Acts({ hasAccounts }: { hasAccounts: boolean }) {
  const t = useTranslations("platform");
  return (
    <>
      {hasAccounts ? (
        <Link className="button-plain" href="/">
          {t("own_accounts")}
        </Link>
      ) : null}
      <LanguageSwitch />
      <SignOut />
    </>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { usePathname, useRouter } from "next/navigation";
import { useLocale, useTranslations } from "next-intl";
import { type ReactNode, useState } from "react";
import type { Mode } from "@/api/client";
import { LiveProvider, useLive } from "@/live/provider";
import type { Session } from "@/session/session";
import { useWork, WorkProvider } from "@/session/work";
import { LanguageSwitch } from "./language-switch";
import { me, memberships } from "./memberships";
import { PAGES } from "./pages";
import { Plain } from "./plain";
import { SignedIn } from "./signed-in";
import { Failed } from "./states";

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
        <Header />
        <main className="mx-auto flex max-w-5xl flex-col gap-6 p-4">{children}</main>
      </LiveProvider>
    </WorkProvider>
  );
}

/** In the test mode a band over everything says that no money moves. */
function ModeLine() {
  const t = useTranslations("shell");
  const { scope, membership } = useWork();
  const isTest = scope.mode === "test";
  return (
    <>
      <title>{`${isTest ? `[${t("test")}] ` : ""}${membership.name} · ${t("product")}`}</title>
      {isTest ? (
        <aside
          aria-label={t("mode")}
          className="sticky top-0 z-10 bg-test px-4 py-2 text-center font-medium text-on-test text-sm"
        >
          {t("test_line")}
        </aside>
      ) : null}
    </>
  );
}

function Header() {
  const t = useTranslations("shell");
  const { membership, memberships: all, path, scope, session } = useWork();
  const pathname = usePathname();
  const router = useRouter();
  return (
    <header className="border-line border-b bg-card">
      <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-3 p-4">
        <select
          aria-label={t("account")}
          className="field max-w-full flex-1 basis-40 font-semibold"
          value={membership.id}
          onChange={({ target }) => router.push(`/${target.value}/test`)}
        >
          {all.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <Modes />
        <div className="flex flex-wrap gap-3">
          <PlatformLink />
          <LanguageSwitch />
          <button className="button-plain" type="button" onClick={() => session.signOut()}>
            {t("sign_out")}
          </button>
        </div>
      </div>
      <nav
        aria-label={t("pages")}
        className="mx-auto flex max-w-5xl items-center justify-between gap-3 px-4"
      >
        <ul className="flex min-w-0 gap-4 overflow-x-auto">
          {PAGES.map(({ name, below }) => ({ name, href: path(below) })).map(({ name, href }) => (
            <li key={href}>
              <PageLink href={href} isHere={href === pathname}>
                {t(name)}
              </PageLink>
            </li>
          ))}
        </ul>
        <StreamSign key={scope.mode} />
      </nav>
    </header>
  );
}

/** The way to the platform's own pages, for those who run it. */
function PlatformLink() {
  const t = useTranslations("shell");
  const { session } = useWork();
  const { data } = useQuery(me(session));
  return data?.roles.includes("admin") ? (
    <Link className="button-plain" href="/platform">
      {t("platform")}
    </Link>
  ) : null;
}

/** The way to a page, fetched once somebody is about to go there: nobody pays for pages she never opens. */
function PageLink(props: { href: string; isHere: boolean; children: ReactNode }) {
  const { href, isHere, children } = props;
  const [isMeant, setMeant] = useState(false);
  const mean = () => setMeant(true);
  return (
    <Link
      aria-current={isHere ? "page" : undefined}
      className="inline-flex min-h-11 items-center whitespace-nowrap border-transparent border-b-2 aria-[current]:border-accent aria-[current]:font-semibold"
      href={href}
      prefetch={isMeant}
      onFocus={mean}
      onPointerEnter={mean}
      onTouchStart={mean}
    >
      {children}
    </Link>
  );
}

/** Test and live, and in which of them one is; each is an address of its own. */
function Modes() {
  const t = useTranslations("shell");
  const { membership, scope } = useWork();
  return (
    <ul aria-label={t("mode")} className="flex overflow-hidden rounded-lg border border-line">
      {(["test", "live"] as const)
        .filter((mode) => membership.modes.includes(mode))
        .map((mode) => (
          <li key={mode}>
            <Link
              aria-current={mode === scope.mode ? "true" : undefined}
              className={`inline-flex min-h-11 items-center px-3 aria-[current]:font-semibold ${
                mode === "test"
                  ? "aria-[current]:bg-test aria-[current]:text-on-test"
                  : "aria-[current]:bg-accent aria-[current]:text-on-accent"
              }`}
              href={`/${membership.id}/${mode}`}
            >
              {t(mode)}
            </Link>
          </li>
        ))}
    </ul>
  );
}

/** Whether what is shown is told as it happens. */
function StreamSign() {
  const t = useTranslations("stream");
  const { state } = useLive();
  const color = { live: "text-good", connecting: "text-wait", offline: "text-bad" }[state];
  return (
    <p className={`w-28 font-medium text-sm ${color}`} role="status">
      <span aria-hidden="true">● </span>
      {t(state)}
    </p>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { PlaceProvider } from "@/session/place";
import type { Session } from "@/session/session";
import { LanguageSwitch } from "../language-switch";
import { me } from "../memberships";
import { Plain } from "../plain";
import { SignedIn } from "../signed-in";
import { Failed } from "../states";
import { PLATFORM_PAGES } from "./pages";

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
      <Header hasAccounts={data.accounts.length > 0} session={session} />
      <main className="mx-auto flex max-w-5xl flex-col gap-6 p-4">{children}</main>
    </PlaceProvider>
  );
}

function Header({ session, hasAccounts }: { session: Session; hasAccounts: boolean }) {
  const t = useTranslations("platform");
  const shell = useTranslations("shell");
  const pathname = usePathname();
  return (
    <header className="border-line border-b bg-card">
      <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-3 p-4">
        <p className="flex-1 basis-40 font-semibold">{t("title")}</p>
        <div className="flex flex-wrap gap-3">
          {hasAccounts ? (
            <Link className="button-plain" href="/">
              {t("own_accounts")}
            </Link>
          ) : null}
          <LanguageSwitch />
          <button className="button-plain" type="button" onClick={() => session.signOut()}>
            {shell("sign_out")}
          </button>
        </div>
      </div>
      <nav aria-label={shell("pages")} className="mx-auto max-w-5xl px-4">
        <ul className="flex min-w-0 gap-4 overflow-x-auto">
          {PLATFORM_PAGES.map(({ name, href }) => (
            <li key={href}>
              <Link
                aria-current={href === pathname ? "page" : undefined}
                className="inline-flex min-h-11 items-center whitespace-nowrap border-transparent border-b-2 aria-[current]:border-accent aria-[current]:font-semibold"
                href={href}
                prefetch={false}
              >
                {t(name)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

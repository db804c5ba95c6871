"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { BottomBar } from "./bottom-bar";
import type { Entry } from "./entries";
import { SideBar } from "./side-bar";
import { useIsWide } from "./use-is-wide";

const CONTENT = "content";

/** A page within its menu, which has the shape that the window has room for. */
export function Frame(props: {
  entries: readonly Entry[];
  header: ReactNode;
  /** What is done from everywhere, and no page. */
  acts: ReactNode;
  isBelowBand?: boolean;
  children: ReactNode;
}) {
  const { entries, header, acts, isBelowBand = false, children } = props;
  const t = useTranslations("shell");
  const isWide = useIsWide();
  return (
    <div className="lg:flex">
      {isWide ? (
        <>
          <a
            className="button sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-20 focus:px-4"
            href={`#${CONTENT}`}
          >
            {t("skip")}
          </a>
          <SideBar acts={acts} entries={entries} isBelowBand={isBelowBand} />
        </>
      ) : null}
      <div className="min-w-0 flex-1 pb-16 lg:pb-0">
        {header}
        <main
          className="mx-auto flex max-w-5xl flex-col gap-6 p-4 outline-none"
          id={CONTENT}
          tabIndex={-1}
        >
          {children}
        </main>
      </div>
      {isWide ? null : <BottomBar acts={acts} entries={entries} />}
    </div>
  );
}

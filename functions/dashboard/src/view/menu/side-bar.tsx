"use client";

import { useTranslations } from "next-intl";
import { type ReactNode, useEffect, useRef } from "react";
import type { Entry } from "./entries";
import { Groups } from "./groups";

/** The menu of a wide window: all pages at its side, which go their own way where they are too many. */
export function SideBar(props: {
  entries: readonly Entry[];
  acts: ReactNode;
  /** Whether a band stands over everything. */
  isBelowBand: boolean;
}) {
  const { entries, acts, isBelowBand } = props;
  const t = useTranslations("shell");
  const menu = useRef<HTMLElement>(null);
  useEffect(() => {
    // A page that is opened by its address may stand below what is seen of the menu.
    menu.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <div
      className={`sticky flex w-60 shrink-0 flex-col border-line border-r bg-card ${
        isBelowBand ? "top-9 h-[calc(100dvh-2.25rem)]" : "top-0 h-dvh"
      }`}
    >
      <nav aria-label={t("pages")} className="min-h-0 flex-1 overflow-y-auto p-3" ref={menu}>
        <Groups entries={entries} />
      </nav>
      <div className="flex flex-wrap gap-2 border-line border-t p-3 *:flex-auto">{acts}</div>
    </div>
  );
}

"use client";

import { usePathname } from "next/navigation";
import { useTranslations } from "next-intl";
import { type ReactNode, useState } from "react";
import { current, type Entry, entryAt } from "./entries";
import { Icon } from "./icon";
import type { MorePages } from "./more-pages";
import { PageLink } from "./page-link";

const PLACE =
  "flex min-h-14 w-full flex-col items-center justify-center text-xs aria-[current]:font-semibold aria-[current]:text-accent";

/** The menu of a phone: what is used all day under the thumb, and the rest one touch further. */
export function BottomBar({ entries, acts }: { entries: readonly Entry[]; acts: ReactNode }) {
  const t = useTranslations("shell");
  const pathname = usePathname();
  const here = entryAt(entries, pathname);
  const [isOpen, setOpen] = useState(false);
  // Fetched once a finger or the focus is on the button, like a page.
  const [Pages, setPages] = useState<typeof MorePages | null>(null);
  const mean = () => {
    import("./more-pages").then(
      (made) => setPages(() => made.MorePages),
      () => setOpen(false), // no network: the next touch asks again
    );
  };
  const open = () => {
    setOpen(true);
    mean();
  };
  return (
    <>
      <nav
        aria-label={t("pages")}
        className="fixed inset-x-0 bottom-0 z-10 border-line border-t bg-card"
      >
        <ul className="mx-auto grid max-w-xl grid-cols-4">
          {entries.map((entry) =>
            entry.sign === null ? null : (
              <li key={entry.href}>
                <PageLink className={PLACE} current={current(entry, here, pathname)} entry={entry}>
                  <Icon sign={entry.sign} />
                </PageLink>
              </li>
            ),
          )}
          <li>
            <button
              aria-current={here?.sign === null ? "true" : undefined}
              aria-expanded={isOpen}
              aria-haspopup="dialog"
              className={PLACE}
              type="button"
              onClick={open}
              onFocus={mean}
              onPointerEnter={mean}
              onTouchStart={mean}
            >
              <Icon sign="more" />
              {t("more")}
            </button>
          </li>
        </ul>
      </nav>
      {Pages === null ? null : (
        <Pages acts={acts} close={() => setOpen(false)} entries={entries} isOpen={isOpen} />
      )}
    </>
  );
}

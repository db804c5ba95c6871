"use client";

import { usePathname } from "next/navigation";
import { useId } from "react";
import { current, type Entry, entryAt, inGroups } from "./entries";
import { PageLink } from "./page-link";

/** All pages of a menu in their groups. `columns` is how a group lays out its pages. */
export function Groups(props: {
  entries: readonly Entry[];
  columns?: string;
  onClick?: () => void;
}) {
  const { entries, columns = "", onClick = () => undefined } = props;
  const id = useId();
  const pathname = usePathname();
  const here = entryAt(entries, pathname);
  return (
    <div className="flex flex-col gap-3">
      {inGroups(entries).map(([group, pages]) => (
        <div key={group}>
          {group === null ? null : (
            <p className="px-3 font-medium text-soft text-sm" id={`${id}${group}`}>
              {group}
            </p>
          )}
          <ul aria-labelledby={group === null ? undefined : `${id}${group}`} className={columns}>
            {pages.map((entry) => (
              <li key={entry.href}>
                <PageLink
                  className="flex min-h-11 items-center rounded-lg px-3 hover:bg-paper aria-[current]:bg-paper aria-[current]:font-semibold aria-[current]:text-accent"
                  current={current(entry, here, pathname)}
                  entry={entry}
                  onClick={onClick}
                />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

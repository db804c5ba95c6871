import type { Sign } from "./icon";

/** A page of a menu, in the words of whoever reads it. */
export interface Entry {
  readonly name: string;
  readonly href: string;
  /** The name of the group it stands in, if it stands in one. */
  readonly group: string | null;
  /** What a phone shows beside it at all times; null where it is one touch further. */
  readonly sign: Sign | null;
}

/** The page of a menu that an address is, or lies below. */
export function entryAt(entries: readonly Entry[], pathname: string): Entry | null {
  return entries.reduce<Entry | null>(
    (best, entry) =>
      isAtOrBelow(pathname, entry.href) && entry.href.length > (best?.href.length ?? 0)
        ? entry
        : best,
    null,
  );
}

/** The value of `aria-current` for a page of the menu: here, or on a page below it. */
export function current(entry: Entry, here: Entry | null, pathname: string) {
  return entry.href !== here?.href ? undefined : entry.href === pathname ? "page" : "true";
}

/** The pages by group, each group where its first page stands. */
export function inGroups(entries: readonly Entry[]): [string | null, Entry[]][] {
  const groups = new Map<string | null, Entry[]>();
  for (const entry of entries) {
    groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  }
  return [...groups];
}

function isAtOrBelow(pathname: string, href: string): boolean {
  return pathname === href || pathname.startsWith(`${href}/`);
}

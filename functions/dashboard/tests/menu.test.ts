import { describe, expect, it } from "vitest";
import { current, type Entry, entryAt, inGroups } from "@/view/menu/entries";

const HOME: Entry = { name: "Accueil", href: "/a/test", group: null, sign: "house" };
const PAYOUTS: Entry = { name: "Versements", href: "/a/test/payouts", group: "Out", sign: "out" };
const BATCHES: Entry = { name: "Lots", href: "/a/test/batches", group: "Out", sign: null };
const TEAM: Entry = { name: "Équipe", href: "/a/test/team", group: "Compte", sign: null };
const ENTRIES = [HOME, PAYOUTS, BATCHES, TEAM];

describe("a menu", () => {
  it.each([
    ["/a/test", HOME, "page"],
    ["/a/test/payouts", PAYOUTS, "page"],
    ["/a/test/payouts/new", PAYOUTS, "true"],
    ["/a/test/batches/b_1", BATCHES, "true"],
    ["/a/test/payouts-of-others", HOME, "true"],
  ] as const)("knows where %s is", (pathname, entry, said) => {
    const here = entryAt(ENTRIES, pathname);

    expect(here).toBe(entry);
    expect(ENTRIES.map((each) => current(each, here, pathname)).filter(Boolean)).toEqual([said]);
  });

  it("is nowhere outside of its pages", () => {
    expect(entryAt(ENTRIES, "/b/test/payouts")).toBeNull();
  });

  it("keeps its pages in their groups, in its order", () => {
    expect(inGroups(ENTRIES)).toEqual([
      [null, [HOME]],
      ["Out", [PAYOUTS, BATCHES]],
      ["Compte", [TEAM]],
    ]);
  });
});

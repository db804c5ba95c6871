/** The pages of the platform's menu, in its order: the word for it in `platform`, and where it lies. */
export const PLATFORM_PAGES = [
  { name: "accounts", href: "/platform" },
  { name: "cases", href: "/platform/cases" },
  { name: "dead_letters", href: "/platform/dead-letters" },
  { name: "bookings", href: "/platform/bookings" },
  { name: "accesses", href: "/platform/accesses" },
  { name: "floats", href: "/platform/floats" },
  { name: "statements", href: "/platform/statements" },
  { name: "audit", href: "/platform/audit" },
] as const;

/** Those that a phone shows at all times; the others are one touch further. */
export const PLATFORM_NEAR = { accounts: "person", cases: "flag", floats: "purse" } as const;

/**
 * The pages of an account's menu, in its order: the word for it in `shell`, where it lies, and the
 * word for its group in `shell.groups`; what has none stands above them.
 */
export const PAGES = [
  { name: "home", below: "", group: null },
  { name: "payments", below: "/payments", group: "money_in" },
  { name: "customers", below: "/customers", group: "money_in" },
  { name: "links", below: "/links", group: "money_in" },
  { name: "late_payments", below: "/late-payments", group: "money_in" },
  { name: "payouts", below: "/payouts", group: "money_out" },
  { name: "batches", below: "/batches", group: "money_out" },
  { name: "approvals", below: "/approvals", group: "money_out" },
  { name: "topups", below: "/topups", group: "money_out" },
  { name: "settlement", below: "/settlement", group: "money_out" },
  { name: "documents", below: "/documents", group: "papers" },
  { name: "reports", below: "/reports", group: "papers" },
  { name: "keys", below: "/developers/keys", group: "developers" },
  { name: "webhooks", below: "/developers/webhooks", group: "developers" },
  { name: "events", below: "/developers/events", group: "developers" },
  { name: "requests", below: "/developers/requests", group: "developers" },
  { name: "team", below: "/team", group: "account" },
  { name: "settings", below: "/settings", group: "account" },
  { name: "audit", below: "/audit", group: "account" },
] as const;

/** Those that a phone shows at all times; the others are one touch further. */
export const NEAR = { home: "house", payments: "in", payouts: "out" } as const;

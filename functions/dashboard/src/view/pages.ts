/** The pages of an account's menu, in its order: the word for it in `shell`, and where it lies. */
export const PAGES = [
  { name: "home", below: "" },
  { name: "payments", below: "/payments" },
  { name: "payouts", below: "/payouts" },
  { name: "approvals", below: "/approvals" },
  { name: "customers", below: "/customers" },
  { name: "links", below: "/links" },
  { name: "documents", below: "/documents" },
  { name: "reports", below: "/reports" },
  { name: "developers", below: "/developers/keys" },
  { name: "team", below: "/team" },
  { name: "settings", below: "/settings" },
  { name: "audit", below: "/audit" },
] as const;

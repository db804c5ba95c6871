import type { Membership } from "@/api/client";

/** What somebody may be to an account, the most trusted first. */
export const DUTIES = [
  "owner",
  "finance",
  "developer",
  "viewer",
] as const satisfies readonly Membership["duty"][];

export type Duty = (typeof DUTIES)[number];

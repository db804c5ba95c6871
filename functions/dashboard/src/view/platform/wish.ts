import type { components } from "@/api/schema";

export const ACTIONS = ["activate", "restrict", "unrestrict", "resume", "close"] as const;
export type Action = (typeof ACTIONS)[number];

/** What is to be proposed: of the two switches only what goes with the action. */
export function wish(values: {
  action: Action;
  reason: string;
  payments: boolean;
  payouts: boolean;
}): components["schemas"]["AccountProposalCreate"] {
  const { action, reason, payments, payouts } = values;
  if (action === "restrict") {
    // What stays on is not spoken of.
    return {
      action,
      reason,
      ...(payments ? {} : { charges_enabled: false }),
      ...(payouts ? {} : { payouts_enabled: false }),
    };
  }
  if (action === "activate" || action === "unrestrict") {
    return { action, reason, payouts_enabled: payouts };
  }
  return { action, reason };
}

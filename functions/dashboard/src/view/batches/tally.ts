import type { PayoutBatch, PayoutStatus } from "@/api/money-out";

const ENDS: readonly PayoutStatus[] = ["paid", "failed", "canceled", "returned"];

/** How many of a batch's payouts have ended, however they did. */
export function ended({ progress }: Pick<PayoutBatch, "progress">): number {
  return ENDS.reduce((sum, status) => sum + (progress[status]?.count ?? 0), 0);
}

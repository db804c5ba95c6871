import type { Charge } from "@/api/client";

/** What of a payment can still be given back, in francs. */
export function refundable(charge: Charge): number {
  return charge.paid ? charge.amount - charge.amount_refunded - charge.amount_reversed : 0;
}

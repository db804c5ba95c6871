import type { Charge } from "@/api/client";

/** A payment of the tests; `number` says which, and when it was made. */
export function charge(number: number, changes: Partial<Charge> = {}): Charge {
  return {
    id: `ch_${number.toString().padStart(24, "2")}`,
    created: 1_790_000_000 + number,
    amount: 500,
    amount_refunded: 0,
    amount_reversed: 0,
    status: "pending",
    receipt_url: null,
    reference: null,
    ...changes,
  } as Charge;
}

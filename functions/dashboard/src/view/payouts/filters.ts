import type { PayoutStatus } from "@/api/money-out";

export const PAYOUT_STATUSES = [
  "requires_approval",
  "pending",
  "in_transit",
  "paid",
  "failed",
  "canceled",
  "returned",
] as const satisfies readonly PayoutStatus[];

/** What a list of payouts is narrowed by; it stands in the address. */
export interface PayoutFilters {
  readonly status?: PayoutStatus;
  readonly reference?: string;
  readonly phone?: string;
}

export function readPayoutFilters(words: { get(name: string): string | null }): PayoutFilters {
  const status = PAYOUT_STATUSES.find((each) => each === words.get("status"));
  const reference = words.get("reference")?.trim();
  const phone = words.get("phone")?.replace(/\s/g, "");
  return {
    ...(status ? { status } : {}),
    ...(reference ? { reference } : {}),
    ...(phone ? { phone } : {}),
  };
}

export function writePayoutFilters(filters: PayoutFilters): string {
  const words = new URLSearchParams(Object.entries(filters)).toString();
  return words === "" ? "" : `?${words}`;
}

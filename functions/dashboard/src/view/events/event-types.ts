import type { components } from "@/api/schema";

export type EventType = components["schemas"]["EventType"];

export const TYPES = [
  "charge.pending",
  "charge.requires_action",
  "charge.succeeded",
  "charge.failed",
  "charge.canceled",
  "charge.refunded",
  "charge.reversed",
  "charge.late_payment",
  "refund.pending",
  "refund.succeeded",
  "refund.failed",
  "refund.corrected",
  "payout.requires_approval",
  "payout.pending",
  "payout.in_transit",
  "payout.paid",
  "payout.failed",
  "payout.canceled",
  "payout.corrected",
  "payout.returned",
  "payout_batch.requires_approval",
  "payout_batch.processing",
  "payout_batch.completed",
  "payout_batch.canceled",
  "payout_batch.rejected",
  "balance.corrected",
  "topup.succeeded",
  "customer.created",
  "customer.updated",
  "customer.deleted",
  "receipt.available",
  "invoice.available",
  "file.available",
  "file.refused",
  "checkout.completed",
  "checkout.expired",
  "report.succeeded",
  "report.failed",
  "webhook_endpoint.test",
] as const satisfies readonly EventType[];

// The compiler refuses a type that the API has and this list has not.
true satisfies [Exclude<EventType, (typeof TYPES)[number]>] extends [never] ? true : false;

/** Each family as the API names it, `charge.*`, with its types. */
export const FAMILIES: ReadonlyMap<string, readonly EventType[]> = new Map(
  [...new Set(TYPES.map(familyOf))].map((family) => [
    family,
    TYPES.filter((type) => familyOf(type) === family),
  ]),
);

/** The family of a type. */
export function familyOf(type: string): string {
  return `${type.split(".")[0]}.*`;
}

/** The type that the address names, or none. */
export function readType(word: string | null): EventType | undefined {
  return TYPES.find((type) => type === word);
}

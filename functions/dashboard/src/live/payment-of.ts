import type { PayEvent } from "@/api/client";

/** The id of the payment that an event tells of, be it of what came back of it; null for all others. */
export function paymentOf(event: PayEvent): string | null {
  const object = event.data.object as { object?: unknown; id?: unknown; charge?: unknown };
  const id = object.object === "charge" ? object.id : object.charge;
  return typeof id === "string" ? id : null;
}

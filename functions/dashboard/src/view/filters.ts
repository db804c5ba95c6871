import type { Charge, ChargeStatus } from "@/api/client";

export const STATUSES = [
  "pending",
  "requires_action",
  "succeeded",
  "failed",
  "canceled",
] as const satisfies readonly ChargeStatus[];

/** What a list of payments is narrowed by; it stands in the address. */
export interface Filters {
  readonly status?: ChargeStatus;
  readonly reference?: string;
  readonly phone?: string;
}

export function readFilters(words: { get(name: string): string | null }): Filters {
  const status = STATUSES.find((each) => each === words.get("status"));
  const reference = words.get("reference")?.trim();
  const phone = words.get("phone")?.replace(/\s/g, "");
  return {
    ...(status ? { status } : {}),
    ...(reference ? { reference } : {}),
    ...(phone ? { phone } : {}),
  };
}

export function writeFilters(filters: Filters): string {
  const words = new URLSearchParams(Object.entries(filters)).toString();
  return words === "" ? "" : `?${words}`;
}

/**
 * Whether a payment belongs to the list. By its number that cannot be told here, since a payment shows
 * it masked: such a list gets nothing new by itself.
 */
export function matches(filters: Filters, charge: Charge): boolean {
  return (
    filters.phone === undefined &&
    (filters.status === undefined || filters.status === charge.status) &&
    (filters.reference === undefined || filters.reference === charge.reference)
  );
}

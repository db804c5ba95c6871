import type { components } from "@/api/schema";

export type Payment = components["schemas"]["CustomerPayment"];

/** What was fetched of a payer's list, newest first; `items` is null before anything came. */
export interface Payments {
  readonly items: readonly Payment[] | null;
  readonly hasMore: boolean;
}

export const NO_PAYMENTS: Payments = { items: null, hasMore: false };

/** The list with one more page of it; what was fetched before is as the latest answer has it. */
export function withPage(
  before: Payments,
  page: { readonly data: readonly Payment[]; readonly has_more: boolean },
): Payments {
  const fresh = new Set(page.data.map(({ id }) => id));
  const kept = (before.items ?? []).filter(({ id }) => !fresh.has(id));
  return { items: [...kept, ...page.data], hasMore: page.has_more };
}

import type { components } from "@/api/schema";
import { readFrancs } from "@/text/amount";

type FloatMoveCreate = components["schemas"]["FloatMoveCreate"];

export const MOVE_KINDS = [
  "sweep",
  "top_up",
  "withdrawal",
  "tax_paid",
  "opening",
  "merchant_top_up",
] as const satisfies readonly FloatMoveCreate["kind"][];

/** What stands in the form. */
export interface TypedMove {
  readonly mode: FloatMoveCreate["mode"];
  readonly kind: FloatMoveCreate["kind"];
  readonly from: string;
  readonly to: string;
  readonly account: string;
  readonly amount: string;
  readonly reference: string;
  readonly reason: string;
}

/** The same for the API: what was left empty is not spoken of; no amount is 0, which it refuses. */
export function moveWish(typed: TypedMove): FloatMoveCreate {
  const { mode, kind, from, to, account, amount, reference, reason } = typed;
  return {
    mode,
    kind,
    amount: readFrancs(amount) ?? 0,
    reference: reference.trim(),
    reason,
    ...(from === "" ? {} : { from }),
    ...(to === "" ? {} : { to }),
    ...(account.trim() === "" ? {} : { account: account.trim() }),
  };
}

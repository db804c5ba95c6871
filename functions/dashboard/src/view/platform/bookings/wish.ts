import type { components } from "@/api/schema";
import { readFrancs } from "@/text/amount";

type BookingCreate = components["schemas"]["BookingCreate"];
export type BookingKind = BookingCreate["kind"];

export const BOOKING_KINDS = [
  "correction",
  "reversal",
  "return",
  "late_payment",
  "fee_true_up",
] as const satisfies readonly BookingKind[];

/** What stands in the form. */
export interface TypedBooking {
  readonly account: string;
  readonly mode: BookingCreate["mode"];
  readonly kind: BookingKind;
  readonly amount: string;
  readonly about: string;
  readonly case: string;
  readonly operator_account: string;
  readonly operator_transaction: string;
  readonly debit: string;
  readonly credit: string;
  readonly reason: string;
}

/** The fields that may be left empty, and of which kinds each is; the others have no place for it. */
const OPTIONAL = {
  about: ["correction", "reversal", "return", "late_payment"],
  case: BOOKING_KINDS,
  operator_account: ["correction", "late_payment", "fee_true_up"],
  operator_transaction: BOOKING_KINDS,
  debit: ["correction"],
  credit: ["correction"],
} as const satisfies Partial<Record<keyof TypedBooking, readonly BookingKind[]>>;

export type OptionalField = keyof typeof OPTIONAL;

export const OPTIONAL_FIELDS = Object.keys(OPTIONAL) as OptionalField[];

/** Whether a field is asked for with this kind. */
export function isOf(kind: BookingKind, field: OptionalField): boolean {
  return (OPTIONAL[field] as readonly BookingKind[]).includes(kind);
}

/** The same for the API: what was left empty is not spoken of; no amount is 0, which it refuses. */
export function bookingWish(typed: TypedBooking): BookingCreate {
  const { account, mode, kind, amount, reason } = typed;
  const given = OPTIONAL_FIELDS.filter((field) => isOf(kind, field))
    .map((field) => [field, typed[field].trim()] as const)
    .filter(([, words]) => words !== "");
  return {
    account: account.trim(),
    mode,
    kind,
    amount: readFrancs(amount) ?? 0,
    reason,
    ...Object.fromEntries(given),
  };
}

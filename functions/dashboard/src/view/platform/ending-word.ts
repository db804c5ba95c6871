import type { components } from "@/api/schema";

type Ending = components["schemas"]["Ending"];
type Payment = NonNullable<components["schemas"]["CaseEvidence"]["payment"]>;

/** Of refunds and payouts, the states that nothing leaves any more. */
const FINAL: ReadonlySet<string> = new Set([
  "succeeded",
  "failed",
  "canceled",
  "rejected",
  "expired",
]);

/**
 * How a wish to end a payment stands. An approved one is asked about until the payment has ended: by it,
 * where the operator knows nothing of it, or as the operator said; or until its time is over.
 */
export function endingWord(
  ending: Pick<Ending, "status" | "works_until">,
  payment: Pick<Payment, "status_detail" | "failure_code"> | null,
  now: number,
): Ending["status"] | "carried_out" | "answered" | "unanswered" {
  if (ending.status !== "approved") {
    return ending.status;
  }
  if (payment !== null && FINAL.has(payment.status_detail)) {
    return payment.failure_code === "not_received" ? "carried_out" : "answered";
  }
  return ending.works_until !== null && ending.works_until < now ? "unanswered" : "approved";
}

import { type Api, answered } from "@/api/client";
import type { Payout, PayoutBatch } from "@/api/money-out";

export type Decided = "payout" | "batch";

/** A yes to what was seen, by its hash, or a no with its reason. */
export type Word =
  | { readonly word: "approve"; readonly content_sha256: string; readonly reason?: string }
  | { readonly word: "reject"; readonly reason: string };

/** Say it of a payout or a batch. */
export function decide(
  api: Api,
  name: Decided,
  id: string,
  said: Word,
  key: string,
): Promise<Payout | PayoutBatch> {
  const params = { path: { id }, header: { "Idempotency-Key": key } };
  if (said.word === "reject") {
    const body = { reason: said.reason };
    return name === "payout"
      ? answered(api.POST("/v1/payouts/{id}/reject", { params, body }))
      : answered(api.POST("/v1/payout_batches/{id}/reject", { params, body }));
  }
  const { word: _, ...body } = said;
  return name === "payout"
    ? answered(api.POST("/v1/payouts/{id}/approve", { params, body }))
    : answered(api.POST("/v1/payout_batches/{id}/approve", { params, body }));
}

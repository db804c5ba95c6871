import { describe, expect, it } from "vitest";
import { untilOf } from "@/view/accesses/until";
import { bookingWish } from "@/view/platform/bookings/wish";
import { replayable } from "@/view/platform/dead-letters/replayable";
import { endingWord } from "@/view/platform/ending-word";
import { moveWish } from "@/view/platform/move-wish";
import { sha256 } from "@/view/platform/sha256";
import { wish } from "@/view/platform/wish";

const BOTH = { reason: "seen", payments: true, payouts: true };

describe("a wish for a change of an account", () => {
  it("speaks of the switches that go with the action, and of no others", () => {
    expect(wish({ ...BOTH, action: "resume", payouts: false })).toEqual({
      action: "resume",
      reason: "seen",
    });
    expect(wish({ ...BOTH, action: "activate", payments: false })).toEqual({
      action: "activate",
      reason: "seen",
      payouts_enabled: true,
    });
  });

  it("to restrict names only what is turned off", () => {
    expect(wish({ ...BOTH, action: "restrict", payments: false })).toEqual({
      action: "restrict",
      reason: "seen",
      charges_enabled: false,
    });
  });
});

describe("a move of money between wallets", () => {
  const TYPED = { mode: "live", kind: "sweep", from: "opa_a", to: "", account: " " } as const;
  const WORDS = { reference: " 88 ", reason: "Morning sweep" };

  it("is asked for in whole francs, and says nothing of what was left empty", () => {
    expect(moveWish({ ...TYPED, ...WORDS, amount: "2 000 000" })).toEqual({
      mode: "live",
      kind: "sweep",
      from: "opa_a",
      amount: 2_000_000,
      reference: "88",
      reason: "Morning sweep",
    });
  });

  it("of no amount is one that the API refuses", () => {
    expect(moveWish({ ...TYPED, ...WORDS, amount: "" }).amount).toBe(0);
  });
});

it("knows a file by its SHA-256 as everybody writes it", async () => {
  expect(await sha256(new Blob(["abc"]))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

describe("a booking by hand", () => {
  const TYPED = {
    account: " acct_2 ",
    mode: "live",
    about: "ch_2",
    case: " ",
    operator_account: "opa_2",
    operator_transaction: " 88 ",
    debit: "available",
    credit: "suspense",
    reason: "Taken twice by us",
  } as const;

  it("is asked for in whole francs, and says only what goes with its kind", () => {
    expect(bookingWish({ ...TYPED, kind: "correction", amount: "1 500" })).toEqual({
      account: "acct_2",
      mode: "live",
      kind: "correction",
      amount: 1500,
      reason: "Taken twice by us",
      about: "ch_2",
      operator_account: "opa_2",
      operator_transaction: "88",
      debit: "available",
      credit: "suspense",
    });
    expect(bookingWish({ ...TYPED, kind: "fee_true_up", amount: "x" })).toEqual({
      account: "acct_2",
      mode: "live",
      kind: "fee_true_up",
      amount: 0,
      reason: "Taken twice by us",
      operator_account: "opa_2",
      operator_transaction: "88",
    });
  });
});

describe("a wish to end a payment", () => {
  const APPROVED = { status: "approved", works_until: 100 } as const;
  const paid = (status_detail: string, failure_code: string | null = null) => ({
    status_detail,
    failure_code,
  });

  it("is asked about until the payment has ended, by it or as the operator said", () => {
    expect(endingWord(APPROVED, paid("unknown"), 99)).toBe("approved");
    expect(endingWord(APPROVED, paid("failed", "not_received"), 99)).toBe("carried_out");
    expect(endingWord(APPROVED, paid("succeeded"), 99)).toBe("answered");
    expect(endingWord(APPROVED, paid("failed", "payee_unknown"), 999)).toBe("answered");
  });

  it("is over where the operator never answered, and else as the API says", () => {
    expect(endingWord(APPROVED, paid("unknown"), 101)).toBe("unanswered");
    expect(endingWord(APPROVED, null, 101)).toBe("unanswered");
    expect(endingWord({ status: "rejected", works_until: null }, paid("failed"), 101)).toBe(
      "rejected",
    );
  });
});

it("sends again what waits and can be read, a hundred at most", () => {
  const letter = { status: "waiting", replays_as: "payment-final" } as const;
  const many = Array.from({ length: 120 }, (_, at) => ({ ...letter, id: `dl_${at}` }));
  expect(replayable(many)).toHaveLength(100);
  expect(
    replayable([
      { ...letter, id: "dl_a" },
      { ...letter, id: "dl_b", status: "replayed" },
      { ...letter, id: "dl_c", replays_as: null },
    ]),
  ).toEqual(["dl_a"]);
});

it("reads until when an access was opened, and nothing of what says none", () => {
  expect(untilOf({ expires_at: "2026-12-01T14:00:00+00:00" })).toBe(1_796_133_600);
  expect(untilOf({ expires_at: 5 })).toBeNull();
  expect(untilOf(null)).toBeNull();
});

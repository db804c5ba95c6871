import { describe, expect, it } from "vitest";
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

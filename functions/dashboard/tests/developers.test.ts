import { describe, expect, it } from "vitest";
import { FAMILIES, readType } from "@/view/events/event-types";
import { keyBody, keyHint, keyState, EMPTY as NO_KEY } from "@/view/keys/key-terms";
import { linkBody, EMPTY as NO_LINK, readTwin, twinQuery } from "@/view/links/link-form";
import { amountWords, linkState, type PaymentLink } from "@/view/links/link-terms";
import { createBody, EMPTY, formOf, updateBody } from "@/view/webhooks/endpoint-form";
import type { Endpoint } from "@/view/webhooks/webhook-terms";

type ApiKey = Parameters<typeof keyState>[0];

describe("a link", () => {
  it("has one amount or bounds, as its form says, and ends with its last day", () => {
    const typed = { ...NO_LINK, amount: "5 000", amount_min: "100", expires_at: "2026-12-01" };
    expect(linkBody(typed)).toMatchObject({
      amount: 5000,
      amount_min: null,
      expires_at: Date.UTC(2026, 11, 1, 23) / 1000,
      description: null,
    });
    expect(linkBody({ ...typed, kind: "free" })).toMatchObject({ amount: null, amount_min: 100 });
  });

  it("has a twin in the test mode, which says what its payers read", () => {
    const link = { amount: null, amount_min: 100, amount_max: null, description: "à & b" };
    const query = twinQuery({ ...link, language: "fr", reference: "r" } as PaymentLink);
    const twin = { kind: "free", amount_min: "100", description: "à & b", language: "fr" };
    expect(readTwin(new URLSearchParams(query))).toEqual(twin);
    expect(readTwin(new URLSearchParams("kind=x&reference=r"))).toEqual({ kind: "fixed" });
  });

  it("says in one word whether it can be paid, and in one how much", () => {
    const link = { amount: null, amount_min: 100, amount_max: null } as PaymentLink;
    expect(amountWords(link).words).toBe("from");
    expect(amountWords({ ...link, amount_max: 200 }).words).toBe("between");
    expect(amountWords({ ...link, amount: 100 }).words).toBe("fixed");
    const state = (status: "open" | "expired", active: boolean, expires_at: number | null) =>
      linkState({ status, active, expires_at } as PaymentLink, 100);
    expect(state("open", true, null)).toBe("open");
    expect(state("expired", false, 101)).toBe("paused");
    expect(state("expired", false, 100)).toBe("expired");
    expect(state("expired", true, 100)).toBe("expired");
  });
});

describe("a key", () => {
  it("asks for rights where it is restricted, and for networks one by one", () => {
    const typed = {
      ...NO_KEY,
      scopes: ["keys:read", "charges:read"] as const,
      allowed_from: "192.0.2.0/24, 198.51.100.7",
    };
    expect(keyBody(typed)).toMatchObject({
      scopes: ["charges:read", "keys:read"],
      allowed_from: ["192.0.2.0/24", "198.51.100.7"],
      expires_at: null,
    });
    expect(keyBody({ ...typed, kind: "secret" }).scopes).toBeNull();
  });

  it("is known by its last four, and by how it ended", () => {
    const key = { kind: "restricted", livemode: false, last4: "aB3d" } as ApiKey;
    expect(keyHint(key)).toBe("rk_test_…aB3d");
    const states = [
      { active: true, rotated_to: null },
      { active: true, rotated_to: "key_0123456789" },
      { active: false, revoked_at: null },
      { active: false, revoked_at: 1 },
    ].map((each) => keyState({ ...key, ...each } as ApiKey));
    expect(states).toEqual(["active", "overlap", "ended", "revoked"]);
  });
});

describe("a webhook", () => {
  it("names a family or its types, never both", () => {
    const typed = { ...EMPTY, isAll: false, events: ["charge.failed", "charge.*", "payout.paid"] };
    expect(createBody(typed).enabled_events).toEqual(["charge.*", "payout.paid"]);
    expect(createBody({ ...typed, isAll: true }).enabled_events).toEqual(["*"]);
    expect(createBody({ ...typed, signature: "stripe", signing: "ed25519" }).signing).toBe("hmac");
  });

  it("is changed from what it is", () => {
    const endpoint = { url: "https://a.example/", enabled_events: ["charge.*"], description: null };
    const form = formOf({ ...endpoint, payload: "thin", order: "none" } as Endpoint);
    expect(updateBody(form)).toEqual({ ...endpoint, payload: "thin", order: "none" });
  });

  it("finds each type in one family", () => {
    expect(FAMILIES.get("receipt.*")).toEqual(["receipt.available"]);
    expect(readType("charge.succeeded")).toBe("charge.succeeded");
    expect(readType("charge")).toBeUndefined();
  });
});

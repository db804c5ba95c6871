import { describe, expect, it } from "vitest";
import { forgetChallenge, keepChallenge, readChallenge } from "@/payer/challenge";
import { NO_PAYMENTS, type Payment, withPage } from "@/payer/payments";

const ID = `cch_${"2".repeat(24)}`;
const NOW = 1_796_000_000_000;

function shelf(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => void kept.set(name, text),
    removeItem: (name) => void kept.delete(name),
  };
}

const payment = (id: string, status: Payment["status"] = "succeeded") =>
  ({ id, status }) as unknown as Payment;

describe("a code that was asked for", () => {
  it("is there after a reload, until it is over by this phone's own clock", () => {
    const store = shelf();
    // The phone is an hour late: what counts is how long the API gives.
    keepChallenge({ id: ID, created: 1_796_003_600, expires_at: 1_796_004_200 }, NOW, store);
    expect(readChallenge(NOW + 599_000, store)?.id).toBe(ID);
    expect(readChallenge(NOW + 600_000, store)).toBeNull();
    forgetChallenge(store);
    expect(readChallenge(NOW, store)).toBeNull();
  });

  it("is nothing where something else lies in its place", () => {
    const store = shelf();
    for (const text of ["null", "7", '"x"', '{"id": 7}', `{"id": "${ID}"}`, "{"]) {
      store.setItem("pay.draft.my.challenge", text);
      expect(readChallenge(NOW, store)).toBeNull();
    }
  });
});

describe("a payer's list", () => {
  it("grows page by page, each payment once and as it was last answered", () => {
    const one = withPage(NO_PAYMENTS, { data: [payment("c"), payment("b")], has_more: true });
    const two = withPage(one, { data: [payment("b", "failed"), payment("a")], has_more: false });
    expect(two.items?.map(({ id, status }) => `${id} ${status}`)).toEqual([
      "c succeeded",
      "b failed",
      "a succeeded",
    ]);
    expect(two.hasMore).toBe(false);
  });
});

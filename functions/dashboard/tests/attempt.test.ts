import { beforeEach, describe, expect, it } from "vitest";
import { Attempt, isDefinite } from "@/act/attempt";
import { ApiError } from "@/api/client";
import { keepDraft, readDraft } from "@/session/draft";
import { SessionOver } from "@/session/session-over";

const BODY = { amount: 5000 };

class Store {
  readonly kept = new Map<string, string>();
  getItem = (name: string) => this.kept.get(name) ?? null;
  setItem = (name: string, value: string) => void this.kept.set(name, value);
  removeItem = (name: string) => void this.kept.delete(name);
}

let store: Store;
beforeEach(() => {
  store = new Store();
});

describe("an attempt", () => {
  it("goes out under one key until it is answered, a reload in between", () => {
    const key = new Attempt("refund", store).key(BODY);

    for (const failure of [
      new TypeError("no network"),
      new ApiError(503, "unavailable", "…"),
      new ApiError(403, "step_up_required", "…"),
      new ApiError(409, "idempotency_key_in_use", "…"),
      new ApiError(429, "rate_limited", "…"),
    ]) {
      new Attempt("refund", store).heard(BODY, failure);
      expect(new Attempt("refund", store).key({ ...BODY })).toBe(key);
    }
  });

  it("is a new one once it was answered, and with another body", () => {
    const attempt = new Attempt("refund", store);
    const keys = new Set([attempt.key(BODY), attempt.key({ amount: 1 })]);
    attempt.heard(BODY, null);
    keys.add(attempt.key(BODY));
    attempt.heard(BODY, new ApiError(400, "parameter_invalid", "…", "amount"));
    keys.add(attempt.key(BODY));

    expect(keys.size).toBe(4);
  });

  it("that nobody answered keeps its key while another body is sent and refused", () => {
    const attempt = new Attempt("payout", store);
    const key = attempt.key(BODY);
    attempt.heard(BODY, new TypeError("no network"));
    attempt.key({ amount: 9 });
    attempt.heard({ amount: 9 }, new ApiError(400, "balance_insufficient", "…"));

    expect(attempt.key(BODY)).toBe(key);
  });

  it("tells of another body that may have happened, until an answer came or she was told", () => {
    const [other, silence] = [{ amount: 6000 }, new TypeError("no network")];
    const attempt = () => new Attempt("payout", store);
    const first = attempt();
    const key = first.key(BODY);
    expect(attempt().doubts(other)).toEqual([BODY]); // a reload on the way
    first.heard(BODY, silence);
    expect(attempt().doubts(other)).toEqual([BODY]);
    expect(attempt().doubts({ ...BODY })).toEqual([]);

    attempt().told();
    expect(attempt().doubts(other)).toEqual([]);
    const again = attempt();
    expect(again.key(BODY)).toBe(key);
    again.heard(BODY, silence);
    expect(attempt().doubts(other)).toEqual([BODY]);
    again.heard(BODY, null);
    expect(attempt().doubts(other)).toEqual([]);
  });

  it.each([
    new SessionOver(),
    new ApiError(401, "unauthorized", "…"),
    new ApiError(403, "step_up_required", "…"),
    new ApiError(429, "rate_limited", "…"),
  ])("is in no doubt where it surely did not happen: %s", (failure) => {
    const [other, attempt] = [{ amount: 6000 }, new Attempt("payout", store)];
    attempt.key(BODY);
    attempt.heard(BODY, failure);
    expect(attempt.doubts(other)).toEqual([]);

    attempt.key(BODY);
    attempt.heard(BODY, new ApiError(502, "internal", "…"));
    attempt.key(BODY);
    attempt.heard(BODY, failure);
    expect(attempt.doubts(other)).toEqual([BODY]);
  });

  it("goes on without storage", () => {
    const shut = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
      removeItem: () => {},
    };

    expect(new Attempt("refund", shut).key(BODY)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("knows that a refusal of the body is final", () => {
    expect(isDefinite(new ApiError(404, "resource_missing", "…"))).toBe(true);
    expect(isDefinite(new ApiError(500, "internal", "…"))).toBe(false);
  });
});

describe("a draft", () => {
  it("that cannot be read is none", () => {
    keepDraft("form", BODY, store);
    expect(readDraft("form", store)).toEqual(BODY);
    store.setItem("pay.draft.form", "{");
    expect(readDraft("form", store)).toBeNull();
  });
});

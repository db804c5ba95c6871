import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arrivals, isOlder, merge } from "@/live/arrivals";
import { matches, readFilters, writeFilters } from "@/view/filters";
import { figures } from "@/view/home/since";
import { charge } from "./charges";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("merging", () => {
  it("shows each payment once, newest first, as it was last heard of", () => {
    const rows = [charge(3), charge(1)];
    const told = [charge(2), charge(1, { status: "succeeded" }), charge(4)];

    const merged = merge(rows, told);

    expect(merged.map(({ id }) => id)).toEqual([4, 3, 2, 1].map((number) => charge(number).id));
    expect(merged.at(-1)?.status).toBe("succeeded");
  });

  it("never takes back what is final, whichever way an older word comes", () => {
    const [before, after] = [charge(1), charge(1, { status: "succeeded" })];
    const refunded = charge(1, { status: "succeeded", amount_refunded: 100 });

    expect(merge([after], [before])).toEqual([after]);
    expect(merge([before], [after])).toEqual([after]);
    expect(merge([refunded], [after])).toEqual([refunded]);
    expect(isOlder(after, after)).toBe(false);
  });
});

describe("arrivals", () => {
  it("tells listeners once for what comes in a moment", () => {
    const arrivals = new Arrivals(async () => {});
    const heard = vi.fn();
    arrivals.subscribe(heard);
    const before = arrivals.snapshot();

    for (const number of [1, 2, 3]) {
      arrivals.take(charge(number));
    }
    expect(arrivals.snapshot()).toBe(before);
    vi.runAllTimers();

    expect(heard).toHaveBeenCalledTimes(1);
    expect(arrivals.snapshot().size).toBe(3);
  });

  it("keeps the place at which a payment was first told of", () => {
    const arrivals = new Arrivals(async () => {});
    arrivals.take(charge(1));
    arrivals.take(charge(2));
    arrivals.take(charge(1, { status: "failed" }));
    vi.runAllTimers();

    const told = arrivals.snapshot().get(charge(1).id);
    expect([told?.first, told?.charge.status]).toEqual([1, "failed"]);
  });

  it("forgets what the lists hold once they are fetched, and nothing that came meanwhile", async () => {
    let fetched = () => {};
    const arrivals = new Arrivals(() => new Promise<void>((resolve) => (fetched = resolve)), 3);
    for (const number of [1, 2, 3]) {
      arrivals.take(charge(number));
    }
    arrivals.take(charge(2, { status: "succeeded" }));
    arrivals.take(charge(4));
    fetched();
    await vi.runAllTimersAsync();

    expect([...arrivals.snapshot().keys()]).toEqual([charge(2).id, charge(4).id]);
  });

  it("keeps everything where the lists cannot be fetched", async () => {
    const arrivals = new Arrivals(() => Promise.reject(new TypeError("no network")), 2);
    arrivals.take(charge(1));
    arrivals.take(charge(2));
    await vi.runAllTimersAsync();

    expect(arrivals.snapshot().size).toBe(2);
  });

  it("does not grow in days of payments", async () => {
    const arrivals = new Arrivals(async () => {});
    let largest = 0;
    for (let number = 0; number < 5000; number += 1) {
      arrivals.take(charge(number));
      await vi.advanceTimersByTimeAsync(50);
      largest = Math.max(largest, arrivals.snapshot().size);
    }

    expect(largest).toBeLessThanOrEqual(301);
  });
});

describe("filters", () => {
  it("come out of the address as they went in, without what is none", () => {
    const words = new URLSearchParams("status=failed&reference= a&b&phone=6 70 00 00 01&x=1");
    const filters = readFilters(words);

    expect(filters).toEqual({ status: "failed", reference: "a", phone: "670000001" });
    expect(readFilters(new URLSearchParams(writeFilters(filters)))).toEqual(filters);
    expect(readFilters(new URLSearchParams("status=stolen&reference="))).toEqual({});
    expect(writeFilters({})).toBe("");
  });

  it("let in what belongs, and nothing where only the server can tell", () => {
    const failed = charge(1, { status: "failed", reference: "a" });

    expect(matches({}, failed)).toBe(true);
    expect(matches({ status: "failed", reference: "a" }, failed)).toBe(true);
    expect(matches({ status: "succeeded" }, failed)).toBe(false);
    expect(matches({ phone: "670000001" }, failed)).toBe(false);
  });
});

describe("figures", () => {
  it("count what has ended, and add what succeeded", () => {
    const charges = [
      charge(1, { status: "succeeded", amount: 2000 }),
      charge(2, { status: "succeeded", amount: 500 }),
      charge(3, { status: "failed", amount: 9000 }),
      charge(4),
      charge(5, { status: "canceled" }),
    ];

    expect(figures(charges)).toEqual({ francs: 2500, succeeded: 2, rate: 66 });
    expect(figures([]).rate).toBeNull();
  });
});

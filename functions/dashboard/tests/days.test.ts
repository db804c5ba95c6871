import { describe, expect, it } from "vitest";
import { readAmount } from "@/text/amount";
import { dayEndOf, dayOf, dayText, formatDay, lastDays, minuteOf, minuteText } from "@/text/day";
import { byDay, heights } from "@/view/reports/days";
import { interval } from "@/view/reports/report-terms";
import { readRange } from "@/view/webhooks/range";
import { charge } from "./charges";

const DAY = 86_400;
const first = Date.UTC(2026, 10, 30, 23) / 1000; // 00:00 on 1 December in Douala

describe("days of Cameroon", () => {
  it("begin and end at its midnight, and are written back", () => {
    expect(dayOf("2026-12-01")).toBe(first);
    expect(dayEndOf("2026-12-01")).toBe(first + DAY);
    expect(dayText(first)).toBe("2026-12-01");
    expect(formatDay(first, "fr")).toBe("1 déc. 2026");
    expect(formatDay(first - 1, "en", true)).toBe("30 Nov");
    expect(dayText(first - 1)).toBe("2026-11-30");
    expect(minuteOf("2026-12-01T00:01")).toBe(first + 60);
    expect(minuteText(first + 119)).toBe("2026-12-01T00:01");
    expect(lastDays(first + 5, 3)).toEqual([first - 2 * DAY, first - DAY, first]);
  });

  it.each(["", "2026-13-01", "1.12.2026"])("are not read from %j", (text) => {
    expect(dayOf(text)).toBeNull();
    expect(dayEndOf(text)).toBeNull();
    expect(minuteOf(text)).toBeNull();
  });

  it("make a range with both minutes in it, and none backwards", () => {
    const range = readRange({ from: "2026-12-01T00:00", to: "2026-12-01T00:00" });
    expect(range).toEqual({ gte: first, lt: first + 60 });
    expect(readRange({ from: "2026-12-01T00:01", to: "2026-12-01T00:00" })).toBeNull();
  });

  it("make a stretch that never reaches beyond now", () => {
    const days = { from: "2026-11-30", to: "2026-12-01" };
    const start = first - DAY;
    expect(interval(days, first + 10)?.interval_end).toBe(first + 10);
    expect(interval(days, first + 9 * DAY)).toEqual({
      interval_start: start,
      interval_end: first + DAY,
    });
    expect(interval({ ...days, to: "" }, first)).toBeNull();
  });
});

describe("amounts that are typed", () => {
  it.each([
    ["12500", 12_500],
    [" 12 500 ", 12_500],
    ["12\u202f500 FCFA", 12_500],
    ["1.250.000", 1_250_000],
  ])("%j are %d francs", (text, francs) => {
    expect(readAmount(text)).toBe(francs);
  });

  it.each(["", "0", "-5", "12,50", "12.5", "1e3", "douze", "1234567890123"])(
    "%j are no francs",
    (text) => {
      expect(readAmount(text)).toBeNull();
    },
  );
});

describe("what came in by day", () => {
  const starts = [first - 2 * DAY, first - DAY, first];
  const paid = (created: number, amount = 500) =>
    charge(1, { created, amount, status: "succeeded" });
  const charges = [
    paid(first, 300),
    charge(2, { created: first, status: "failed" }),
    paid(first - 1),
    paid(first - DAY),
    paid(first - DAY - 1, 100),
  ];

  it("counts what succeeded, on the day it was made", () => {
    expect(byDay(charges, starts, false).map(({ paid }) => paid)).toEqual([
      { count: 1, francs: 100 },
      { count: 2, francs: 1000 },
      { count: 1, francs: 300 },
    ]);
  });

  it("says nothing of days that were not fetched whole", () => {
    const days = byDay(charges, starts, true);
    expect(days.map(({ paid }) => paid?.count ?? null)).toEqual([null, 2, 1]);
  });

  it("draws the best day whole, a bad one visible, and none where nothing was", () => {
    const days = byDay([paid(first - DAY, 100_000), paid(first, 1)], starts, false);
    expect(heights(days, 90)).toEqual([0, 90, 2]);
    expect(heights(byDay([], starts, false), 90)).toEqual([0, 0, 0]);
  });
});

import { expect, test } from "vitest";
import { minuteText } from "@/text/day";
import { readLater } from "@/view/payouts/later";
import { fit } from "@/view/settings/logo";
import { formatShare } from "@/view/settings/share";

test("a share is written in percent without a rest of zeros", () => {
  expect([0, 5, 20, 250, 1925, 10_000].map(formatShare)).toEqual(
    ["0", "0,05", "0,2", "2,5", "19,25", "100"].map((share) => `${share}\u00a0%`),
  );
  for (const wrong of [-1, 2.5, Number.NaN]) {
    expect(() => formatShare(wrong)).toThrow(RangeError);
  }
});

test("a picture keeps its shape where it is made smaller, and is never made larger", () => {
  expect(fit(1200, 600)).toEqual([600, 300]);
  expect(fit(300, 3000)).toEqual([60, 600]);
  expect(fit(5000, 1)).toEqual([600, 1]);
  expect(fit(80, 40)).toEqual([80, 40]);
});

test("a payout goes at once, or at a minute in Douala, or not at all", () => {
  expect(readLater("")).toBeUndefined();
  expect(readLater("2026-12-24T08:30")).toBe(Date.parse("2026-12-24T07:30:00Z") / 1000);
  expect(readLater("tomorrow")).toBeNull();
  expect(minuteText(readLater("2026-12-31T23:59") ?? 0)).toBe("2026-12-31T23:59");
});

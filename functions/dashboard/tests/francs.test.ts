import { expect, it } from "vitest";
import { FRANCS, readFrancs } from "@/text/amount";

it("reads whole francs as people type them, and guesses nothing", () => {
  expect(["0", "100 000", "100\u00a0000", "7"].map(readFrancs)).toEqual([0, 100_000, 100_000, 7]);
  expect(["", "1,5", "1.5", "-1", "1e3", "9".repeat(20)].map(readFrancs)).toEqual(
    Array(6).fill(null),
  );
});

it("lets a form send nothing that would be read as none", () => {
  const field = new RegExp(`^(?:${FRANCS})$`, "v");
  expect(["100 000", ""].every((typed) => field.test(typed))).toBe(true);
  expect(["1,5", "-1", "x"].some((typed) => field.test(typed))).toBe(false);
});

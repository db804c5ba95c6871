import { describe, expect, it } from "vitest";
import { apart } from "@/text/apart";

describe("somebody else's words", () => {
  it("keep their direction to themselves", () => {
    expect(apart("محمد")).toBe("\u2068محمد\u2069");
  });

  it("cannot turn what stands beside them", () => {
    expect(apart("Awa\u2069\u202e\u200f 7\u2066")).toBe("\u2068Awa 7\u2069");
  });
});

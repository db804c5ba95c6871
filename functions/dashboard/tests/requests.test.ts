import { describe, expect, it } from "vitest";
import {
  lookOf,
  pageOf,
  readRequestFilters,
  requestQuery,
  writeRequestFilters,
} from "@/view/requests/filters";

const CHARGE = "ch_2abcdefghijklmnopqrstuvw";

describe("filters of the request log", () => {
  it("are what the address says, and come back into it", () => {
    const words = "status=refused&method=POST&operation=create_charge&from=2026-11-03";
    const filters = readRequestFilters(new URLSearchParams(words));

    expect(filters).toEqual({
      status: "refused",
      method: "POST",
      operation: "create_charge",
      from: "2026-11-03",
    });
    expect(writeRequestFilters(filters)).toBe(`?${words}`);
    expect(writeRequestFilters({})).toBe("");
  });

  it("leave out what the API would not know", () => {
    const words = "status=4xx&method=PUT&object=++&page=2";
    expect(readRequestFilters(new URLSearchParams(words))).toEqual({});
  });

  it("ask the API for whole days of Cameroon", () => {
    expect(requestQuery({ object: CHARGE, from: "2026-11-03", until: "2026-11-03" })).toEqual({
      object: CHARGE,
      created: { gte: 1793660400, lt: 1793746800 },
    });
    expect(requestQuery({ status: "failed" })).toEqual({ status: "failed" });
  });
});

describe("a request", () => {
  it("leads to the page of its object, where there is one", () => {
    expect(pageOf(CHARGE)).toBe(`/payments/${CHARGE}`);
    expect(pageOf("key_0123456789")).toBe("/developers/keys/key_0123456789");
    expect([pageOf("rf_2"), pageOf("constructor_2"), pageOf("")]).toEqual([null, null, null]);
  });

  it("looks as it was answered", () => {
    expect([200, 404, 503].map(lookOf)).toEqual(["good", "wait", "bad"]);
  });
});

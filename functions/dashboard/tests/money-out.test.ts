import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refreshes } from "@/live/refreshes";
import { readAmount } from "@/text/amount";
import { mayBeOne } from "@/text/names";
import { textOf } from "@/view/batches/file";
import { preview } from "@/view/batches/preview";
import { ended } from "@/view/batches/tally";
import { held, NOTHING } from "@/view/held";
import { readPayoutFilters, writePayoutFilters } from "@/view/payouts/filters";
import { BLANK, bodyOf } from "@/view/settlement/body";

describe("a typed amount", () => {
  it.each([
    ["12500", 12_500],
    [" 12 500 ", 12_500],
    ["12\u202f500\u00a0", 12_500],
  ])("%s is %d francs", (typed, francs) => {
    expect(readAmount(typed)).toBe(francs);
  });

  it.each(["", "12.5", "12,500", "-5", "1e3", "0x10", "٣", "9".repeat(13)])(
    "%s is none: nothing is rounded or guessed",
    (typed) => {
      expect(readAmount(typed)).toBeNull();
    },
  );
});

describe("the name that was typed and the holder's", () => {
  it.each([
    ["Awa Njoya", "NJOYA AWA", true],
    ["Awa Njoya", "Njoya  Awa Béatrice", true],
    ["Noé", "NOE EBÈNE", true],
    ["Awa Njoya", "Awa Njoh", false],
    ["Awa Njoya", "", false],
    ["---", "Awa", false],
  ])("%s and %s: %s", (typed, holder, isOne) => {
    expect(mayBeOne(typed, holder)).toBe(isOne);
    expect(mayBeOne(holder, typed)).toBe(isOne);
  });
});

describe("a glance into a file", () => {
  it("counts lines and adds amounts, whatever stands in quotation marks", () => {
    const file = '\ufeffphone,Amount,name\r\n+2376,2500,"Njoya, ""Awa""\nB."\n\n+2377,500,<b>\n';

    expect(preview(file)).toEqual({
      names: ["phone", "amount", "name"],
      rows: [
        ["+2376", "2500", 'Njoya, "Awa"\nB.'],
        ["+2377", "500", "<b>"],
      ],
      count: 2,
      francs: 3000,
    });
  });

  it.each(["phone,amount\n1,2.5", "phone\n1", 'phone,amount\n1,"'])(
    "has no sum where an amount is none: %j",
    (file) => {
      expect(preview(file)).toMatchObject({ count: 1, francs: null });
    },
  );

  it("finds nothing in nothing, and shows the first lines of many", () => {
    expect(preview("")).toMatchObject({ count: 0, rows: [], francs: 0 });
    const many = preview(`phone,amount\n${"1,1\n".repeat(10_000)}`);
    expect([many.count, many.francs, many.rows.length]).toEqual([10_000, 10_000, 5]);
  });

  it("is of text alone that becomes the same bytes again", () => {
    const bytes = new TextEncoder().encode("\ufeffphone,amount");
    expect(new TextEncoder().encode(textOf(bytes.buffer) ?? "")).toEqual(bytes);
    expect(textOf(new Uint8Array([0x4e, 0xe9]).buffer)).toBeNull();
  });
});

describe("a list that holds back what is new", () => {
  const rows = [3, 2, 1].map((created) => ({ created, id: `po_${created}` }));

  it("shows what there was, and counts what waits", () => {
    expect(held(rows, { created: 2, id: "po_2" })).toEqual({ shown: rows.slice(1), waiting: 1 });
    expect(held(rows, NOTHING)).toEqual({ shown: [], waiting: 3 });
  });

  it("tells rows of the same second apart", () => {
    const twins = [
      { created: 1, id: "po_b" },
      { created: 1, id: "po_a" },
    ];
    expect(held(twins, { created: 1, id: "po_a" }).waiting).toBe(1);
  });
});

describe("lists fetched anew", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("are fetched at once, and once in a while however much is told", () => {
    const fetched: string[] = [];
    const refreshes = new Refreshes((list) => fetched.push(list), 1000);

    for (let told = 0; told < 100; told += 1) {
      refreshes.hear("payout.paid");
      vi.advanceTimersByTime(100);
    }
    refreshes.hear("charge.succeeded");
    refreshes.hear("topup.succeeded");
    vi.runAllTimers();

    expect(fetched.slice(0, 2)).toEqual(["payouts", "batches"]);
    expect(fetched.filter((list) => list === "payouts").length).toBe(11);
    expect(fetched.filter((list) => list === "topups").length).toBe(1);
    refreshes.stop();
  });
});

describe("payouts", () => {
  it("are narrowed as the address says, by what there is", () => {
    const filters = readPayoutFilters(
      new URLSearchParams("status=requires_approval&reference= a&b&phone=6 70 00 00 01"),
    );

    expect(filters).toEqual({ status: "requires_approval", reference: "a", phone: "670000001" });
    expect(readPayoutFilters(new URLSearchParams(writePayoutFilters(filters)))).toEqual(filters);
    expect(readPayoutFilters(new URLSearchParams("status=succeeded"))).toEqual({});
    expect(writePayoutFilters({})).toBe("");
  });

  it("of a batch have ended, however they did", () => {
    const tally = (count: number) => ({ count, amount: 100 * count });
    const progress = { paid: tally(3), failed: tally(1), in_transit: tally(9), canceled: tally(2) };

    expect(ended({ progress })).toBe(6);
    expect(ended({ progress: {} })).toBe(0);
  });
});

describe("a settlement", () => {
  it("is sent as it was typed, and not at all with an amount that is none", () => {
    const phone = "670000001";
    expect(bodyOf({ ...BLANK, phone })).toEqual({
      destination: { type: "mobile_money", phone },
      every: "daily",
      hour: 18,
      minimum: 1,
      keep_back: 0,
    });
    expect(
      bodyOf({
        ...BLANK,
        phone,
        operator: "mtn",
        every: "weekly",
        weekday: "5",
        keepBack: "10 000",
      }),
    ).toMatchObject({ every: "weekly", weekday: 5, keep_back: 10_000 });
    expect(bodyOf({ ...BLANK, phone, minimum: "1.5" })).toBeNull();
  });
});

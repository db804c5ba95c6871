import { describe, expect, it } from "vitest";
import { joinParts, MOST_PARTS, nextAfter } from "@/view/audit/export";
import { created, readAuditFilters, writeAuditFilters } from "@/view/audit/filters";

const part = (data: string, link: string | null) => ({
  data,
  response: { headers: new Headers(link === null ? {} : { Link: link }) },
});
const NEXT = '</v1/audit_entries.csv?limit=1000&starting_after=aud_2>; rel="next"';

describe("an export", () => {
  it("is one file with one first line, however many parts it comes in", async () => {
    const asked: (string | null)[] = [];
    const joined = await joinParts(async (after) => {
      asked.push(after);
      return after === null ? part("id,at\r\n1,a\r\n", NEXT) : part("id,at\r\n2,b\r\n", null);
    });

    expect(joined).toEqual({ text: "id,at\r\n1,a\r\n2,b\r\n", isCut: false });
    expect(asked).toEqual([null, "aud_2"]);
  });

  it("says when there is more than it fetches", async () => {
    let calls = 0;
    const { isCut } = await joinParts(async () => {
      calls += 1;
      return part("id\r\n", NEXT);
    });

    expect([isCut, calls]).toEqual([true, MOST_PARTS]);
  });

  it("ends where no next part is named", () => {
    expect([nextAfter(null), nextAfter("<x>; rel=prev")]).toEqual([null, null]);
  });
});

describe("filters of the audit log", () => {
  it("are what the address says, and nothing that is no day", () => {
    const words = new URLSearchParams("action=+key.made+&from=2026-11-03&until=tomorrow&x=y");
    const filters = readAuditFilters(words);

    expect(filters).toEqual({ action: "key.made", from: "2026-11-03" });
    expect(writeAuditFilters(filters)).toBe("?action=key.made&from=2026-11-03");
  });

  it("mean whole days in Cameroon, the last one too", () => {
    const day = { from: "2026-11-03", until: "2026-11-03" };
    const bounds = created(day).created;

    expect(bounds?.gte).toBe(Date.parse("2026-11-02T23:00:00Z") / 1000);
    expect(bounds?.lt).toBe(Date.parse("2026-11-03T23:00:00Z") / 1000);
    expect(created({})).toEqual({});
  });
});

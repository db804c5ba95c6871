import { describe, expect, it } from "vitest";
import { chooseLocale } from "@/i18n/locale";
import { contentSecurityPolicy } from "@/policy";
import { innerPath } from "@/session/session";
import { formatAmount, percent } from "@/text/money";
import { dayStart, formatTime, ServerClock } from "@/text/time";

describe("amounts", () => {
  it.each([
    [0, "0 FCFA"],
    [999, "999 FCFA"],
    [1000, "1 000 FCFA"],
    [12_500, "12 500 FCFA"],
    [1_234_567_890, "1 234 567 890 FCFA"],
    [-2500, "−2 500 FCFA"],
  ])("writes %d as %s, unbroken", (francs, written) => {
    expect(formatAmount(francs)).toBe(written.replaceAll(" ", "\u00a0"));
  });

  it.each([0.5, Number.NaN, 2 ** 53])("refuses %d, which is no amount", (amount) => {
    expect(() => formatAmount(amount)).toThrow(RangeError);
  });

  it("tells a part of nothing from no part, and never rounds up to all", () => {
    expect(percent(0, 0)).toBeNull();
    expect(percent(0, 3)).toBe(0);
    expect(percent(999, 1000)).toBe(99);
  });
});

describe("times", () => {
  const midnight = Date.UTC(2026, 11, 1, 23) / 1000; // 00:00 on the 2nd in Douala

  it("begins the day at midnight in Douala", () => {
    expect(dayStart(midnight)).toBe(midnight);
    expect(dayStart(midnight - 1)).toBe(midnight - 86_400);
    expect(dayStart(midnight + 86_399)).toBe(midnight);
  });

  it("shows Douala's time in both languages", () => {
    expect(formatTime(midnight, "fr")).toMatch(/^2 déc.,? 00:00$/);
    expect(formatTime(midnight + 7, "fr", true)).toMatch(/ 00:00:07$/);
    expect(formatTime(midnight, "en")).toMatch(/^2 Dec,? 00:00$/);
  });

  it("goes by the server where the telephone's clock is wrong", () => {
    const clock = new ServerClock(() => 1000);
    clock.hear(null);
    clock.hear("no date");
    expect(clock.now()).toBe(1);
    clock.hear("Tue, 01 Dec 2026 23:00:00 GMT");
    expect(clock.now()).toBe(midnight);
  });
});

describe("the language", () => {
  it.each([
    [undefined, null, "fr"],
    [undefined, "de-DE,de;q=0.9", "fr"],
    [undefined, "de, en-GB;q=0.8, fr;q=0.5", "en"],
    [undefined, "en;q=0.2, fr-CM;q=0.9", "fr"],
    [undefined, "en;q=0, fr", "fr"],
    ["en", "fr", "en"],
    ["../../etc", "en", "en"],
  ])("chosen %s, accepted %s: %s", (chosen, accepted, locale) => {
    expect(chooseLocale(chosen, accepted)).toBe(locale);
  });
});

describe("where a sign-in leads", () => {
  it.each([
    ["/acct_2/test/payments?status=failed", "/acct_2/test/payments?status=failed"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["https://evil.example", "/"],
    [undefined, "/"],
    [{ path: "/" }, "/"],
  ])("%s leads to %s", (state, path) => {
    expect(innerPath(state)).toBe(path);
  });
});

describe("the policy", () => {
  const policy = contentSecurityPolicy("abc", "https://app.example", "https://auth.example");

  it("lets run what carries the nonce, and speaks with three addresses", () => {
    expect(policy).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic'");
    expect(policy).toContain("connect-src 'self' wss://app.example https://auth.example;");
    expect(policy).not.toContain("unsafe");
  });
});

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leaveEarly } from "@/session/early";
import { BASE, HINT, SIGNED_IN } from "@/session/hint";
import { signInUrl } from "@/session/sign-in-url";

const REALM = "https://people.example/realms/pay";
const NAMES = { identityUrl: REALM, hint: HINT, base: BASE, signedIn: SIGNED_IN };
let kept: Map<string, string>;
const replace = vi.fn();
const reload = vi.fn();
const stop = vi.fn();
const root = { dataset: {} as Record<string, string> };

vi.mock("next/headers", () => ({ headers: vi.fn() }));

/** Run it as a page does: from its text alone, at an address, in a browser that keeps what is given. */
function run(address: string, remembered: Record<string, string>) {
  kept = new Map(Object.entries(remembered));
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
  const { pathname, search, hash, origin } = new URL(address);
  vi.stubGlobal("window", { location: { pathname, search, hash, origin, replace, reload }, stop });
  vi.stubGlobal("localStorage", storage);
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("document", { documentElement: root });
  new Function(`(${leaveEarly})(${JSON.stringify(NAMES)}, ${signInUrl})`)();
}

beforeEach(() => {
  root.dataset = {};
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

it("leaves for Keycloak, to come back to the same page, where somebody is signed in", async () => {
  run("https://pay.example/dashboard/acct_1/test/payments?status=failed#top", { [HINT]: "1" });
  await vi.waitFor(() => expect(replace).toHaveBeenCalled());

  const url = new URL(replace.mock.calls[0]?.[0]);
  expect(`${url.origin}${url.pathname}`).toBe(`${REALM}/protocol/openid-connect/auth`);
  expect(url.searchParams.get("redirect_uri")).toBe("https://pay.example/dashboard/signed-in");
  const onItsWay = JSON.parse(kept.get("pay.sign_in") ?? "");
  expect(onItsWay.path).toBe("/acct_1/test/payments?status=failed#top");
  expect(url.searchParams.get("state")).toBe(onItsWay.state);
  expect(stop).toHaveBeenCalledOnce();
  expect(root.dataset).toHaveProperty("leaving");
});

it("stays where nobody is signed in, and where Keycloak sent somebody back to", () => {
  run("https://pay.example/dashboard/acct_1/test", {});
  run("https://pay.example/dashboard/signed-in?code=c", { [HINT]: "1" });

  expect(stop).not.toHaveBeenCalled();
  expect(root.dataset).toEqual({});
});

it("lets the page say what there is to say where the browser can make no proof", async () => {
  vi.stubGlobal("crypto", {});
  run("http://pay.example/dashboard/acct_1/test", { [HINT]: "1" });
  await vi.waitFor(() => expect(reload).toHaveBeenCalled());

  expect(kept.has(HINT)).toBe(false);
  expect(replace).not.toHaveBeenCalled();
});

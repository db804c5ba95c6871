import { calculatePKCECodeChallenge } from "oauth4webapi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Keycloak } from "@/session/keycloak";
import { SessionOver } from "@/session/session-over";

const REALM = "http://127.0.0.1:8081/realms/pay";
const BACK = { signedIn: "https://pay.example/signed-in", signedOut: "https://pay.example/" };

class Store {
  readonly kept = new Map<string, string>();
  getItem = (name: string) => this.kept.get(name) ?? null;
  setItem = (name: string, value: string) => void this.kept.set(name, value);
  removeItem = (name: string) => void this.kept.delete(name);
}

let store: Store;
let keycloak: Keycloak;
const asked: URLSearchParams[] = [];
let answers: Response[];

beforeEach(() => {
  store = new Store();
  keycloak = new Keycloak(REALM, BACK);
  asked.length = 0;
  answers = [];
  vi.stubGlobal("sessionStorage", store);
  vi.stubGlobal("fetch", async (_: string, { body }: { body: URLSearchParams }) => {
    asked.push(new URLSearchParams(body));
    return answers.shift() ?? Response.error();
  });
});

afterEach(() => vi.unstubAllGlobals());

/** Somebody's tokens as Keycloak gives them, made in 1971 for whoever asks now. */
function given(claims: object, tokens: object = {}): Response {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const told = { iss: REALM, aud: "dashboard", sub: "awa", iat: 31e6, exp: 31e6 + 300, ...claims };
  return Response.json({
    access_token: "access",
    refresh_token: "refresh",
    id_token: `${part({ alg: "RS256" })}.${part(told)}.AAAA`,
    token_type: "Bearer",
    expires_in: 300,
    ...tokens,
  });
}

/** Begin to sign in; what was asked of Keycloak, and the address at which it comes back. */
async function begin(path = "/a", isAnew = false) {
  const words = new URL(await keycloak.signInUrl(path, isAnew)).searchParams;
  const back = (changes: Record<string, string> = {}) => {
    const said = { code: "c", iss: REALM, state: words.get("state") ?? "", ...changes };
    return `${BACK.signedIn}?${new URLSearchParams(said)}`;
  };
  return { words, nonce: words.get("nonce"), back };
}

describe("a sign-in", () => {
  it("gives tokens for its code, state and nonce, whatever the telephone's clock says", async () => {
    const { words, nonce, back } = await begin("/acct/test");
    answers = [given({ nonce })];

    const { tokens, path } = await keycloak.redeem(back());

    expect(words.get("code_challenge_method")).toBe("S256");
    expect(words.get("prompt")).toBeNull();
    const verifier = asked[0]?.get("code_verifier") ?? "";
    expect(verifier).toHaveLength(72);
    expect(words.get("code_challenge")).toBe(await calculatePKCECodeChallenge(verifier));
    expect([tokens.person, tokens.accessToken, path]).toEqual(["awa", "access", "/acct/test"]);
    expect(tokens.endsAtMilliseconds).toBeGreaterThan(Date.now() + 290_000);
    expect(store.kept.size).toBe(0);
  });

  it("asks for the password where somebody must prove again who she is", async () => {
    expect((await begin("/a", true)).words.get("prompt")).toBe("login");
  });

  it("is refused with another's state, from another's server, and a second time", async () => {
    for (const changes of [{ state: "other" }, { iss: "https://evil.example" }]) {
      await expect(keycloak.redeem((await begin()).back(changes))).rejects.toThrow();
    }
    const { nonce, back } = await begin();
    answers = [given({ nonce })];
    await keycloak.redeem(back());
    await expect(keycloak.redeem(back())).rejects.toThrow();
    expect(asked).toHaveLength(1);
  });

  it("is refused with another's nonce, for another client, or without all tokens", async () => {
    for (const make of [
      () => given({ nonce: "other" }),
      (nonce: string | null) => given({ nonce, aud: "shop" }),
      (nonce: string | null) => given({ nonce, iss: "https://evil.example" }),
      (nonce: string | null) => given({ nonce }, { id_token: undefined }),
      (nonce: string | null) => given({ nonce }, { refresh_token: undefined }),
    ]) {
      const { nonce, back } = await begin();
      answers = [make(nonce)];
      await expect(keycloak.redeem(back())).rejects.toThrow();
    }
  });
});

describe("a renewal", () => {
  const tokens = async () => {
    const { nonce, back } = await begin();
    answers = [given({ nonce })];
    return (await keycloak.redeem(back())).tokens;
  };

  it("takes the next tokens of the same person", async () => {
    const before = await tokens();
    answers = [given({}, { refresh_token: "next" })];

    expect((await keycloak.renew(before)).refreshToken).toBe("next");
    expect(asked.at(-1)?.get("refresh_token")).toBe("refresh");
  });

  it("ends the session where Keycloak refuses, or answers with somebody else", async () => {
    const before = await tokens();
    for (const answer of [
      Response.json({ error: "invalid_grant" }, { status: 400 }),
      given({ sub: "ngono" }),
    ]) {
      answers = [answer];
      await expect(keycloak.renew(before)).rejects.toBeInstanceOf(SessionOver);
    }
  });

  it("leaves the session as it is where nobody answered, or only a proxy did", async () => {
    const before = await tokens();
    for (const answer of [Response.error(), new Response("busy", { status: 503 })]) {
      answers = [answer];
      await expect(keycloak.renew(before)).rejects.not.toBeInstanceOf(SessionOver);
    }
  });

  it("is over with the sign-out of whom the token names", async () => {
    const words = new URL(keycloak.signOutUrl(await tokens())).searchParams;
    expect(words.get("id_token_hint")).toContain(".");
    expect(words.get("post_logout_redirect_uri")).toBe(BACK.signedOut);
  });
});

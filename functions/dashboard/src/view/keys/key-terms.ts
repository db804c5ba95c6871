import type { components } from "@/api/schema";
import { dayEndOf } from "@/text/day";
import type { Look } from "../parts/mark";

export type ApiKey = components["schemas"]["ApiKey"];
export type Scope = components["schemas"]["Scope"];
export type KeyKind = ApiKey["kind"];
export type KeyState = "active" | "overlap" | "revoked" | "ended";

export const KINDS = ["restricted", "secret", "publishable"] as const satisfies readonly KeyKind[];

export const SCOPES = [
  "charges:read",
  "charges:write",
  "refunds:read",
  "refunds:write",
  "customers:read",
  "customers:write",
  "payouts:read",
  "payouts:write",
  "holders:read",
  "balance:read",
  "events:read",
  "webhooks:read",
  "webhooks:write",
  "reports:read",
  "reports:write",
  "files:read",
  "files:write",
  "keys:read",
  "keys:write",
  "account:read",
  "audit:read",
  "logs:read",
] as const satisfies readonly Scope[];

// The compiler refuses a right that the API has and this list has not.
true satisfies [Exclude<Scope, (typeof SCOPES)[number]>] extends [never] ? true : false;

export const LOOKS: Readonly<Record<KeyState, Look>> = {
  active: "good",
  overlap: "wait",
  revoked: "bad",
  ended: "off",
};

/** Whether a key opens anything, and until when or why not. */
export function keyState(apiKey: ApiKey): KeyState {
  if (!apiKey.active) {
    return apiKey.revoked_at === null ? "ended" : "revoked";
  }
  return apiKey.rotated_to === null ? "active" : "overlap";
}

/** What a key is known by where its secret is not: its kind's first letters and its last four. */
export function keyHint({ kind, livemode, last4 }: ApiKey): string {
  const start = { secret: "sk", publishable: "pk", restricted: "rk" }[kind];
  return `${start}_${livemode ? "live" : "test"}_…${last4}`;
}

/** What the form for a key holds, as it was typed. */
export interface KeyForm {
  readonly kind: KeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly allowed_from: string;
  readonly expires_at: string;
}

export const EMPTY: KeyForm = {
  kind: "restricted",
  name: "",
  scopes: [],
  allowed_from: "",
  expires_at: "",
};

/** What the API is asked for; networks stand in lines or between commas. */
export function keyBody(form: KeyForm): components["schemas"]["ApiKeyCreate"] {
  const networks = form.allowed_from.split(/[\s,;]+/).filter((each) => each !== "");
  return {
    kind: form.kind,
    name: form.name.trim() || null,
    scopes: form.kind === "restricted" ? SCOPES.filter((each) => form.scopes.includes(each)) : null,
    expires_at: dayEndOf(form.expires_at),
    allowed_from: networks.length === 0 ? null : networks,
  };
}

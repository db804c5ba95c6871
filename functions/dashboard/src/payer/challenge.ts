import { forgetDraft, keepDraft, readDraft } from "@/session/draft";

const NAME = "my.challenge";
/** As the API gives them. */
const FORM = /^cch_[2-7a-z]{24}$/;

/** A code that was asked for: which one the API means, and until when, by this phone's clock. */
export interface Challenge {
  readonly id: string;
  readonly endsAtMilliseconds: number;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/**
 * Keep it in this tab: whoever leaves it to read the SMS may find it loaded anew by a small phone. It
 * is no secret, and opens nothing without the code.
 */
export function keepChallenge(
  asked: { readonly id: string; readonly created: number; readonly expires_at: number },
  now = Date.now(),
  store?: Store,
): Challenge {
  const challenge = {
    id: asked.id,
    endsAtMilliseconds: now + (asked.expires_at - asked.created) * 1000,
  };
  keepDraft(NAME, challenge, store);
  return challenge;
}

/** The one that is kept and not over; null without one. */
export function readChallenge(now = Date.now(), store?: Store): Challenge | null {
  const kept = readDraft(NAME, store) as Partial<Challenge> | null;
  const { id, endsAtMilliseconds } = kept ?? {};
  return typeof id === "string" &&
    FORM.test(id) &&
    typeof endsAtMilliseconds === "number" &&
    endsAtMilliseconds > now
    ? { id, endsAtMilliseconds }
    : null;
}

export function forgetChallenge(store?: Store): void {
  forgetDraft(NAME, store);
}

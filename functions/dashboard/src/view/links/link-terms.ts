import type { components } from "@/api/schema";
import { formatAmount } from "@/text/money";
import { clock } from "@/text/time";
import type { Look } from "../parts/mark";

export type PaymentLink = components["schemas"]["PaymentLink"];
export type LinkState = "open" | "paused" | "expired";

export const LOOKS: Readonly<Record<LinkState, Look>> = {
  open: "good",
  paused: "off",
  expired: "bad",
};

/** Whether payers can pay on it, and if not, why: the API calls a paused one expired too. */
export function linkState(link: PaymentLink, now = clock.now()): LinkState {
  if (link.expires_at !== null && link.expires_at <= now) {
    return "expired";
  }
  return link.active ? link.status : "paused";
}

/** The words for what a payer pays on it, and the amounts in them. */
export function amountWords(link: PaymentLink): {
  words: "fixed" | "free" | "from" | "to" | "between";
  values: { amount: string; least: string; most: string };
} {
  const { amount, amount_min: least, amount_max: most } = link;
  const shown = (francs: number | null) => (francs === null ? "" : formatAmount(francs));
  const values = { amount: shown(amount), least: shown(least), most: shown(most) };
  if (amount !== null) {
    return { words: "fixed", values };
  }
  if (least !== null && most !== null) {
    return { words: "between", values };
  }
  return { words: least !== null ? "from" : most !== null ? "to" : "free", values };
}

import type { components } from "@/api/schema";
import { readAmount } from "@/text/amount";
import { dayEndOf } from "@/text/day";

/** What the form for a link holds, as it was typed. */
export interface LinkForm {
  readonly kind: "fixed" | "free";
  readonly amount: string;
  readonly amount_min: string;
  readonly amount_max: string;
  readonly description: string;
  readonly reference: string;
  readonly expires_at: string;
  readonly language: string;
  readonly success_url: string;
}

export const EMPTY: LinkForm = {
  kind: "fixed",
  amount: "",
  amount_min: "",
  amount_max: "",
  description: "",
  reference: "",
  expires_at: "",
  language: "auto",
  success_url: "",
};

const TWIN = ["kind", "amount", "amount_min", "amount_max", "description", "language"] as const;

/** A form for a link like this one, as an address says it: in the test mode nobody pays on it. */
export function twinQuery(link: components["schemas"]["PaymentLink"]): string {
  const said = { ...link, kind: link.amount === null ? "free" : "fixed" };
  const words = TWIN.flatMap((name) => (said[name] === null ? [] : [[name, String(said[name])]]));
  return `?${new URLSearchParams(words)}`;
}

/** What an address says of it. */
export function readTwin(words: { get(name: string): string | null }): Partial<LinkForm> {
  const said = TWIN.flatMap((name) => {
    const word = words.get(name);
    return word === null ? [] : [[name, name === "kind" && word !== "free" ? "fixed" : word]];
  });
  return Object.fromEntries(said);
}

/** The bounds of an amount that the payer says. */
export const AMOUNTS = ["amount_min", "amount_max"] as const;

/** What the API is asked for; of a day, its end in Cameroon. */
export function linkBody(form: LinkForm): components["schemas"]["PaymentLinkCreate"] {
  const isFixed = form.kind === "fixed";
  const text = (value: string) => value.trim() || null;
  return {
    currency: "xaf",
    amount: isFixed ? readAmount(form.amount) : null,
    amount_min: isFixed ? null : readAmount(form.amount_min),
    amount_max: isFixed ? null : readAmount(form.amount_max),
    description: text(form.description),
    reference: text(form.reference),
    expires_at: dayEndOf(form.expires_at),
    language: form.language === "fr" || form.language === "en" ? form.language : "auto",
    success_url: text(form.success_url),
  };
}

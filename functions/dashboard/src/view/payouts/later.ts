import { minuteOf } from "@/text/day";

/** How far ahead a payout may be put off, in seconds; the API has the last word. */
export const LATEST = 90 * 86_400;

/** The second at which a payout shall go; undefined for at once, null for what is no moment. */
export function readLater(text: string): number | null | undefined {
  return text === "" ? undefined : minuteOf(text);
}

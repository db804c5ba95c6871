import { minuteOf } from "@/text/day";

const MINUTE_SECONDS = 60;

/** Two minutes in Cameroon, as their fields say them. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** The seconds from the first minute to the end of the last; null where they are no range. */
export function readRange({ from, to }: Range): { gte: number; lt: number } | null {
  const [first, last] = [minuteOf(from), minuteOf(to)];
  return first === null || last === null || last < first
    ? null
    : { gte: first, lt: last + MINUTE_SECONDS };
}

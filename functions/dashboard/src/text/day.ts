import { dayStart, TIME_ZONE } from "./time";

const OFFSET = "+01:00";
const OFFSET_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/** The second at which a day of Cameroon began, as a field of the kind `date` says it. */
export function dayOf(text: string): number | null {
  return secondsOf(/^\d{4}-\d\d-\d\d$/, text, `T00:00:00${OFFSET}`);
}

/** The first second after that day. */
export function dayEndOf(text: string): number | null {
  const start = dayOf(text);
  return start === null ? null : start + DAY_SECONDS;
}

/** The second of a minute in Cameroon, as a field of the kind `datetime-local` says it. */
export function minuteOf(text: string): number | null {
  return secondsOf(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, text, `:00${OFFSET}`);
}

/** The day in Cameroon, for a field of the kind `date`. */
export function dayText(seconds: number): string {
  return localText(seconds).slice(0, 10);
}

/** The minute in Cameroon, for a field of the kind `datetime-local`. */
export function minuteText(seconds: number): string {
  return localText(seconds).slice(0, 16);
}

/** The day of a moment, in words; without its year where it is `isShort`. */
export function formatDay(seconds: number, locale: string, isShort = false): string {
  return new Intl.DateTimeFormat(locale === "fr" ? "fr-FR" : "en-GB", {
    timeZone: TIME_ZONE,
    day: "numeric",
    month: "short",
    ...(isShort ? {} : { year: "numeric" }),
  }).format(seconds * 1000);
}

/** The beginnings of the last days, today's last. */
export function lastDays(now: number, count: number): readonly number[] {
  const today = dayStart(now);
  return Array.from({ length: count }, (_, place) => today - (count - 1 - place) * DAY_SECONDS);
}

function secondsOf(form: RegExp, text: string, rest: string): number | null {
  const found = form.test(text) ? Date.parse(text + rest) : Number.NaN;
  return Number.isNaN(found) ? null : found / 1000;
}

function localText(seconds: number): string {
  return new Date((seconds + OFFSET_SECONDS) * 1000).toISOString();
}

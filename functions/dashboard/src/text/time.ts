/** Cameroon keeps UTC+1 all year. */
export const TIME_ZONE = "Africa/Douala";
const AHEAD_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/** The second at which the day of `seconds` began in Cameroon. */
export function dayStart(seconds: number): number {
  const local = seconds + AHEAD_SECONDS;
  return local - (local % DAY_SECONDS) - AHEAD_SECONDS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Day and time of a moment in Cameroon, wherever the reader's telephone thinks it is. */
export function formatTime(seconds: number, locale: string, isExact = false): string {
  const name = `${locale} ${isExact}`;
  let format = formats.get(name);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale === "fr" ? "fr-FR" : "en-GB", {
      timeZone: TIME_ZONE,
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      ...(isExact ? { second: "2-digit" } : {}),
    });
    formats.set(name, format);
  }
  return format.format(seconds * 1000);
}

/** The time of the server, by what it last said: telephones' clocks are often wrong. */
export class ServerClock {
  #aheadMilliseconds = 0;

  constructor(private readonly own: () => number = Date.now) {}

  /** Learn from the header `Date` of an answer. */
  hear(date: string | null): void {
    const said = date === null ? Number.NaN : Date.parse(date);
    if (!Number.isNaN(said)) {
      this.#aheadMilliseconds = said - this.own();
    }
  }

  /** Seconds since 1970, now. */
  now(): number {
    return Math.floor((this.own() + this.#aheadMilliseconds) / 1000);
  }
}

export const clock = new ServerClock();

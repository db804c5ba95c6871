import { dayStart } from "@/text/time";

const DAY_SECONDS = 86_400;
const NOON_SECONDS = 43_200;

/** What a list of audit entries is narrowed by; it stands in the address. Days are Cameroon's. */
export interface AuditFilters {
  readonly action?: string;
  readonly actor?: string;
  readonly object?: string;
  /** As `2026-11-03`; both days are within. */
  readonly from?: string;
  readonly until?: string;
}

const WORDS = ["action", "actor", "object"] as const;
const DAYS = ["from", "until"] as const;

export function readAuditFilters(words: { get(name: string): string | null }): AuditFilters {
  const found: [string, string][] = [];
  for (const name of WORDS) {
    const word = words.get(name)?.trim();
    if (word) {
      found.push([name, word]);
    }
  }
  for (const name of DAYS) {
    const day = words.get(name);
    if (day && startOf(day) !== null) {
      found.push([name, day]);
    }
  }
  return Object.fromEntries(found);
}

export function writeAuditFilters(filters: AuditFilters): string {
  const words = new URLSearchParams(Object.entries(filters)).toString();
  return words === "" ? "" : `?${words}`;
}

/** The days as the API takes them; nothing where none was chosen. */
export function created(filters: AuditFilters): { created?: { gte?: number; lt?: number } } {
  const first = filters.from === undefined ? null : startOf(filters.from);
  const last = filters.until === undefined ? null : startOf(filters.until);
  const bounds = {
    ...(first === null ? {} : { gte: first }),
    ...(last === null ? {} : { lt: last + DAY_SECONDS }),
  };
  return first === null && last === null ? {} : { created: bounds };
}

/** The second at which a day begins in Cameroon; null for what is no day. */
function startOf(day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) {
    return null;
  }
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(midnight) ? null : dayStart(midnight / 1000 + NOON_SECONDS);
}

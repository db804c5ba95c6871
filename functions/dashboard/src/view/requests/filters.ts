import type { components } from "@/api/schema";
import { created } from "../audit/filters";
import type { Look } from "../parts/mark";

export type RequestLog = components["schemas"]["RequestLog"];

export const STATUSES = ["succeeded", "refused", "failed"] as const;
export const METHODS = ["POST", "GET", "DELETE"] as const;
/** What is typed, each a word of the API's. */
export const WORDS = ["operation", "error_code", "api_key", "object"] as const;
export const DAYS = ["from", "until"] as const;

export type RequestStatus = (typeof STATUSES)[number];

/** What a list of requests is narrowed by; it stands in the address. Days are Cameroon's. */
export interface RequestFilters {
  readonly status?: RequestStatus;
  readonly method?: (typeof METHODS)[number];
  readonly operation?: string;
  readonly error_code?: string;
  readonly api_key?: string;
  readonly object?: string;
  readonly from?: string;
  readonly until?: string;
}

export function readRequestFilters(words: { get(name: string): string | null }): RequestFilters {
  const status = STATUSES.find((each) => each === words.get("status"));
  const method = METHODS.find((each) => each === words.get("method"));
  const typed = [...WORDS, ...DAYS].flatMap((name) => {
    const word = words.get(name)?.trim();
    return word ? [[name, word]] : [];
  });
  return {
    ...(status ? { status } : {}),
    ...(method ? { method } : {}),
    ...Object.fromEntries(typed),
  };
}

export function writeRequestFilters(filters: RequestFilters): string {
  const words = new URLSearchParams(Object.entries(filters)).toString();
  return words === "" ? "" : `?${words}`;
}

/** The same as the API takes it. */
export function requestQuery({ from, until, ...narrowed }: RequestFilters) {
  const days = {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  };
  return { ...narrowed, ...created(days) };
}

/** How an answer of that status looks: done, refused, or a fault of ours. */
export function lookOf(status: number): Look {
  return status < 400 ? "good" : status < 500 ? "wait" : "bad";
}

const PAGES: ReadonlyMap<string, string> = new Map([
  ["ch", "/payments"],
  ["po", "/payouts"],
  ["pb", "/batches"],
  ["cus", "/customers"],
  ["plink", "/links"],
  ["key", "/developers/keys"],
  ["we", "/developers/webhooks"],
  ["wd", "/developers/webhooks/deliveries"],
  ["evt", "/developers/events"],
]);

/** Where an object has a page of its own; null where it has none. */
export function pageOf(id: string): string | null {
  const page = PAGES.get(id.split("_")[0] ?? "");
  return page === undefined ? null : `${page}/${id}`;
}

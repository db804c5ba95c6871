import createClient from "openapi-fetch";
import type { Session } from "@/session/session";
import { clock } from "@/text/time";
import type { components, paths } from "./schema";

export type Charge = components["schemas"]["Charge"];
export type ChargeStatus = components["schemas"]["ChargeStatus"];
export type Membership = components["schemas"]["Membership"];
export type PayEvent = components["schemas"]["Event"];
/** What is wrong with one line of a batch. */
export type BatchFault = NonNullable<components["schemas"]["Error"]["error"]["lines"]>[number];
export type Mode = "test" | "live";

/** In which account and mode somebody is at work. */
export interface Scope {
  readonly account: string;
  readonly mode: Mode;
}

/** A refusal of the API; the message is for whoever reads the page, in her language. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field it is about, as the API names it: `amount`, `destination[phone]`. */
    readonly param: string | null = null,
    /** All that is wrong with the lines of a batch. */
    readonly lines: readonly BatchFault[] = [],
  ) {
    super(message);
  }
}

export type Api = ReturnType<typeof makeApi>;

/** The public API, asked as whoever is signed in, or as nobody; `scope` is where she is at work. */
export function makeApi(session: Pick<Session, "token"> | null, locale: string, scope?: Scope) {
  const client = createClient<paths>({ baseUrl: window.location.origin });
  client.use({
    async onRequest({ request }) {
      if (session !== null) {
        request.headers.set("Authorization", `Bearer ${await session.token()}`);
      }
      request.headers.set("Accept-Language", locale);
      if (scope !== undefined) {
        request.headers.set("Pay-Account", scope.account);
        request.headers.set("Pay-Mode", scope.mode);
      }
      return request;
    },
    async onResponse({ response }) {
      clock.hear(response.headers.get("Date"));
      if (!response.ok) {
        throw await refusal(response);
      }
    },
  });
  return client;
}

async function refusal(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const said = (body as components["schemas"]["Error"] | null)?.error;
  if (said === undefined) {
    return new ApiError(response.status, "internal", response.statusText);
  }
  return new ApiError(response.status, said.code, said.message, said.param, said.lines);
}

/** What was answered, where `onResponse` has thrown for everything but success. */
export async function answered<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  if (data === undefined) {
    throw new ApiError(0, "internal", "an empty answer");
  }
  return data;
}

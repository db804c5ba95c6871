import { ApiError } from "@/api/client";
import { forgetDraft, keepDraft, readDraft } from "@/session/draft";

interface Kept {
  readonly body: string;
  readonly key: string;
}

/**
 * Something that moves money or rights, and must happen once however often it is asked for: the same
 * body goes out under the same idempotency key until an answer says how it ended. A double click, a
 * network that swallowed the answer, a sign-in in between and a reload all repeat, and never do twice.
 */
export class Attempt {
  constructor(
    private readonly name: string,
    private readonly store: Pick<Storage, "getItem" | "setItem" | "removeItem"> = sessionStorage,
  ) {}

  /** The key for this body. */
  key(body: unknown): string {
    const written = JSON.stringify(body);
    const kept = readDraft(this.name, this.store) as Kept | null;
    if (kept?.body === written) {
      return kept.key;
    }
    const key = crypto.randomUUID();
    keepDraft(this.name, { body: written, key } satisfies Kept, this.store);
    return key;
  }

  /** An answer came: what is asked next is something new, unless the answer leaves it open. */
  heard(error: unknown): void {
    if (error === null || isDefinite(error)) {
      forgetDraft(this.name, this.store);
    }
  }
}

/** Whether a failure says that nothing was done and nothing will be. */
export function isDefinite(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status >= 400 &&
    error.status < 500 &&
    ![401, 409, 429].includes(error.status) &&
    error.code !== STEP_UP
  );
}

/** The API wants to know first that it is still she. */
export const STEP_UP = "step_up_required";

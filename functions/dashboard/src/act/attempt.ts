import { ApiError } from "@/api/client";
import { forgetDraft, keepDraft, readDraft } from "@/session/draft";

/** The key of each body that was sent and not answered. */
type Kept = Readonly<Record<string, string>>;

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

  /** The key for this body: as before where it was sent and not answered, another one in between too. */
  key(body: unknown): string {
    const [written, open] = [JSON.stringify(body), this.#open()];
    const key = open[written] ?? crypto.randomUUID();
    keepDraft(this.name, { ...open, [written]: key } satisfies Kept, this.store);
    return key;
  }

  /** An answer came for this body: the next is something new, unless the answer leaves it open. */
  heard(body: unknown, error: unknown): void {
    if (error === null || isDefinite(error)) {
      const { [JSON.stringify(body)]: _, ...open } = this.#open();
      if (Object.keys(open).length === 0) {
        forgetDraft(this.name, this.store);
      } else {
        keepDraft(this.name, open, this.store);
      }
    }
  }

  #open(): Kept {
    return (readDraft(this.name, this.store) as Kept | null) ?? {};
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

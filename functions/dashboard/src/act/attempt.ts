import { ApiError } from "@/api/client";
import { forgetDraft, keepDraft, readDraft } from "@/session/draft";
import { SessionOver } from "@/session/session-over";

/** The key of each body that was sent and not answered. */
type Kept = Readonly<Record<string, string>>;

/**
 * Something that moves money or rights, and must happen once however often it is asked for: the same
 * body goes out under the same idempotency key until an answer says how it ended. A double click, a
 * network that swallowed the answer, a sign-in in between and a reload all repeat, and never do twice.
 */
export class Attempt {
  #wasInDoubt = false;

  constructor(
    private readonly name: string,
    private readonly store: Pick<Storage, "getItem" | "setItem" | "removeItem"> = sessionStorage,
  ) {}

  /** The key for this body: as before where it was sent and not answered, another one in between too. */
  key(body: unknown): string {
    const [written, open, inDoubt] = [JSON.stringify(body), this.#open(), this.#inDoubt()];
    const key = open[written] ?? crypto.randomUUID();
    this.#wasInDoubt = inDoubt.includes(written);
    keepDraft(this.name, { ...open, [written]: key } satisfies Kept, this.store);
    this.#doubt([...inDoubt.filter((each) => each !== written), written]);
    return key;
  }

  /** An answer came for this body: the next is something new, unless the answer leaves it open. */
  heard(body: unknown, error: unknown): void {
    const written = JSON.stringify(body);
    const isOver = error === null || isDefinite(error);
    if (isOver) {
      const { [written]: _, ...open } = this.#open();
      if (Object.keys(open).length === 0) {
        forgetDraft(this.name, this.store);
      } else {
        keepDraft(this.name, open, this.store);
      }
    }
    if (isOver || (isUndone(error) && !this.#wasInDoubt)) {
      this.#doubt(this.#inDoubt().filter((each) => each !== written));
    }
  }

  /** What else was sent and not answered, so that it may have happened. */
  doubts(body: unknown): unknown[] {
    return this.#inDoubt()
      .filter((written) => written !== JSON.stringify(body))
      .map((written) => JSON.parse(written));
  }

  /** She was told of all that is in doubt. Its keys stay: whoever sends it again means the same. */
  told(): void {
    this.#doubt([]);
  }

  #open(): Kept {
    return (readDraft(this.name, this.store) as Kept | null) ?? {};
  }

  #inDoubt(): readonly string[] {
    return (readDraft(`${this.name}.doubts`, this.store) as string[] | null) ?? [];
  }

  #doubt(written: readonly string[]): void {
    if (written.length === 0) {
      forgetDraft(`${this.name}.doubts`, this.store);
    } else {
      keepDraft(`${this.name}.doubts`, written, this.store);
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

/** Whether a failure says that nothing was done, though the same may be sent again. */
function isUndone(error: unknown): boolean {
  return (
    error instanceof SessionOver ||
    (error instanceof ApiError && ([401, 429].includes(error.status) || error.code === STEP_UP))
  );
}

/** The API wants to know first that it is still she. */
export const STEP_UP = "step_up_required";

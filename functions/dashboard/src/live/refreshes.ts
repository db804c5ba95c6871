/** What is fetched anew when an event of a family comes, by the family's name. */
const TOLD_BY: Readonly<Record<string, readonly string[]>> = {
  payout: ["payouts", "batches"],
  payout_batch: ["payouts", "batches"],
  receipt: ["payouts"],
  topup: ["topups"],
};

/** Has lists fetched anew when events tell of them: at once, then once in a while however many come. */
export class Refreshes {
  readonly #pauses = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #wanted = new Set<string>();

  constructor(
    private readonly refresh: (list: string) => void,
    private readonly pauseMilliseconds = 1500,
  ) {}

  hear(type: string): void {
    for (const list of TOLD_BY[type.split(".")[0] ?? ""] ?? []) {
      if (this.#pauses.has(list)) {
        this.#wanted.add(list);
      } else {
        this.#go(list);
      }
    }
  }

  stop(): void {
    for (const pause of this.#pauses.values()) {
      clearTimeout(pause);
    }
  }

  #go(list: string): void {
    this.refresh(list);
    const over = () => {
      this.#pauses.delete(list);
      if (this.#wanted.delete(list)) {
        this.#go(list);
      }
    };
    this.#pauses.set(list, setTimeout(over, this.pauseMilliseconds));
  }
}

import type { Charge } from "@/api/client";

const UNFINISHED: ReadonlySet<string> = new Set(["pending", "requires_action"]);

/** Whether `charge` tells of an earlier moment than `known` does: what is final stays so. */
export function isOlder(charge: Charge, known: Charge): boolean {
  const [progress, reached] = [charge, known].map((each) => [
    UNFINISHED.has(each.status) ? 0 : 1,
    each.amount_refunded + each.amount_reversed,
    each.receipt_url === null ? 0 : 1,
  ]) as [number[], number[]];
  const at = progress.findIndex((value, index) => value !== reached[index]);
  return at >= 0 && (progress[at] ?? 0) < (reached[at] ?? 0);
}

/** `rows`, newest first, each payment once and as it was last heard of, with `arrived` among them. */
export function merge(rows: readonly Charge[], arrived: Iterable<Charge>): Charge[] {
  const known = new Map(rows.map((row) => [row.id, row]));
  for (const charge of arrived) {
    const before = known.get(charge.id);
    if (before === undefined || !isOlder(charge, before)) {
      known.set(charge.id, charge);
    }
  }
  return [...known.values()].sort(newestFirst);
}

function newestFirst(a: Charge, b: Charge): number {
  return b.created - a.created || (a.id < b.id ? 1 : -1);
}

/** A payment that the stream told of, and the place of its first telling among all. */
export interface Arrival {
  readonly charge: Charge;
  readonly first: number;
}

/**
 * What the stream told of since the lists were fetched. Once there is much of it, the lists are
 * fetched anew and what they then hold is forgotten: a page that is open for days does not grow.
 */
export class Arrivals {
  #known: ReadonlyMap<string, Arrival> = new Map();
  #count = 0;
  #isFetching = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<() => void>();
  #shown: ReadonlyMap<string, Arrival> = this.#known;

  constructor(
    private readonly refetch: () => Promise<void>,
    private readonly most = 300,
    private readonly pauseMilliseconds = 200,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The same object until something is told. */
  readonly snapshot = (): ReadonlyMap<string, Arrival> => this.#shown;

  /** How many tellings there were. */
  get count(): number {
    return this.#count;
  }

  take(charge: Charge): void {
    const before = this.#known.get(charge.id);
    this.#count += 1;
    const known = new Map(this.#known);
    const isStale = before !== undefined && isOlder(charge, before.charge);
    known.set(charge.id, {
      charge: isStale ? before.charge : charge,
      first: before?.first ?? this.#count,
    });
    this.#known = known;
    this.#tellSoon();
    if (known.size >= this.most && !this.#isFetching) {
      void this.#makeRoom();
    }
  }

  /** The lists are fetched; only then what they must hold by now is forgotten. */
  async #makeRoom(): Promise<void> {
    const old = this.#known;
    this.#isFetching = true;
    try {
      await this.refetch();
      this.#known = new Map([...this.#known].filter(([id, at]) => old.get(id) !== at));
      this.#tellSoon();
    } catch {
      // No network: all of it is kept until a later fetch succeeds.
    } finally {
      this.#isFetching = false;
    }
  }

  /** Many tellings in a moment are shown together. */
  #tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#shown = this.#known;
      for (const listener of this.#listeners) {
        listener();
      }
    }, this.pauseMilliseconds);
  }
}

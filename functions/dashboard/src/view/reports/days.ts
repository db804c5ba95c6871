import type { Charge } from "@/api/client";

/** What came in on a day; null where not all of its payments were fetched. */
export interface DayFigures {
  readonly start: number;
  readonly paid: { readonly count: number; readonly francs: number } | null;
}

/**
 * The payments that succeeded, day by day. Where `isCut`, older ones than the last were not fetched, so
 * that only days after that one's are known.
 */
export function byDay(
  charges: readonly Charge[],
  starts: readonly number[],
  isCut: boolean,
): readonly DayFigures[] {
  const oldest = isCut ? Math.min(...charges.map(({ created }) => created)) : 0;
  return starts.map((start, place) => {
    const end = starts[place + 1] ?? Number.POSITIVE_INFINITY;
    const paid = charges.filter(
      ({ created, status }) => status === "succeeded" && created >= start && created < end,
    );
    const francs = paid.reduce((sum, { amount }) => sum + amount, 0);
    return { start, paid: start > oldest ? { count: paid.length, francs } : null };
  });
}

/** What the best of the days brought. */
export function best(days: readonly DayFigures[]): number {
  return Math.max(0, ...days.map(({ paid }) => paid?.francs ?? 0));
}

/** How high each day stands where the best is `height`; a day that had anything is seen. */
export function heights(days: readonly DayFigures[], height: number): readonly number[] {
  const most = best(days);
  return days.map(({ paid }) => {
    const francs = paid?.francs ?? 0;
    return francs === 0 ? 0 : Math.max(2, Math.floor((height * francs) / most));
  });
}

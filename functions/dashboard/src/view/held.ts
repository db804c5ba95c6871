/** Where a list stood: its first row when it came, or when its reader last asked for what is new. */
export interface Mark {
  readonly created: number;
  readonly id: string;
}

/** Before all that can come. */
export const NOTHING: Mark = { created: 0, id: "" };

/** What a reader has let into a list, newest first, and how many newer rows wait. */
export function held<Row extends Mark>(
  rows: readonly Row[],
  mark: Mark,
): { shown: Row[]; waiting: number } {
  const shown = rows.filter(
    (row) => row.created < mark.created || (row.created === mark.created && row.id <= mark.id),
  );
  return { shown, waiting: rows.length - shown.length };
}

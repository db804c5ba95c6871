const NO_BREAK = "\u00a0";

/** Whole francs as everybody here writes them: `12 500 FCFA`, never broken over two lines. */
export function formatAmount(francs: number): string {
  if (!Number.isSafeInteger(francs)) {
    throw new RangeError(`${francs} is no amount: XAF has whole francs only`);
  }
  const digits = Math.abs(francs)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, NO_BREAK);
  return `${francs < 0 ? "\u2212" : ""}${digits}${NO_BREAK}FCFA`;
}

/** What part of `whole` it is, in whole percent; null where there is nothing to be a part of. */
export function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.floor((100 * part) / whole);
}

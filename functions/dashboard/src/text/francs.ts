/** An amount as somebody types it: digits, perhaps in groups. For `pattern` of a field. */
export const FRANCS = "[0-9 \u00a0\u202f ]*";

/** Whole francs as they were typed; null where nothing was, or what is none. */
export function readFrancs(typed: string): number | null {
  const digits = typed.replace(/\s/g, "");
  const francs = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(francs) ? francs : null;
}

const GROUPED = /^\d{1,3}(?:[\s.'’]\d{3})+$|^\d{1,12}$/;

/** What may be typed as whole francs, for `pattern` of a field. */
export const FRANCS = "[0-9 \u00a0\u202f ]*";

/** Whole francs as people type them: `12 500`, `12.500 FCFA`; null for all that are none. */
export function readFrancs(text: string): number | null {
  const typed = text.replace(/\s*(?:fcfa|xaf)\s*$/i, "").trim();
  const francs = Number(typed.replace(/\D/g, ""));
  return GROUPED.test(typed) && Number.isSafeInteger(francs) ? francs : null;
}

/** The same where something is to be paid: none is no amount. */
export function readAmount(text: string): number | null {
  return readFrancs(text) || null;
}

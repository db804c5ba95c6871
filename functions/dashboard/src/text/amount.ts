const GROUPED = /^\d{1,3}(?:[\s.'’]\d{3})+$|^\d{1,12}$/;

/** Whole francs as people type them: `12 500`, `12.500 FCFA`; null for all that is no such amount. */
export function readAmount(text: string): number | null {
  const typed = text.replace(/\s*(?:fcfa|xaf)\s*$/i, "").trim();
  const francs = GROUPED.test(typed) ? Number(typed.replace(/\D/g, "")) : 0;
  return francs > 0 && Number.isSafeInteger(francs) ? francs : null;
}

/** Until when an access was opened, in Unix seconds, as its audit entry tells; null where it does not. */
export function untilOf(after: object | null): number | null {
  const told = (after as { expires_at?: unknown } | null)?.expires_at;
  const milliseconds = typeof told === "string" ? Date.parse(told) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

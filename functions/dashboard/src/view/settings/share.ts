const NO_BREAK = "\u00a0";

/** A share in hundredths of a percent, as everybody here writes it: `2,5 %`. */
export function formatShare(basisPoints: number): string {
  if (!Number.isSafeInteger(basisPoints) || basisPoints < 0) {
    throw new RangeError(`${basisPoints} is no share`);
  }
  const cents = String(basisPoints % 100)
    .padStart(2, "0")
    .replace(/0+$/, "");
  const whole = String((basisPoints - (basisPoints % 100)) / 100);
  return `${whole}${cents === "" ? "" : `,${cents}`}${NO_BREAK}%`;
}

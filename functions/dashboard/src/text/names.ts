/**
 * Whether two spellings may be one person: the same words in any order, whatever their accents and
 * capitals, or all words of the shorter one.
 */
export function mayBeOne(one: string, other: string): boolean {
  const [few = [], many = []] = [words(one), words(other)].sort((a, b) => a.length - b.length);
  return few.length > 0 && few.every((word) => many.includes(word));
}

function words(name: string): string[] {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

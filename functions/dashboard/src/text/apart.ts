/** Marks that turn the direction of what follows them. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Somebody else's words beside ours in one line: they turn nothing but themselves, as `<bdi>` would. */
export function apart(words: string): string {
  return `\u2068${words.replace(TURNING, "")}\u2069`;
}

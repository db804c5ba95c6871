import { ApiError } from "@/api/client";

/** More than anybody reads; whoever needs more narrows the days. */
export const MOST_PARTS = 50;
/** A browser may read it a moment after it was told to. */
const KEPT_MILLISECONDS = 10_000;

/** One part of an export: `data` and the answer's headers. */
export interface CsvPart {
  readonly data?: string | undefined;
  readonly response: { readonly headers: Headers };
}

/**
 * The parts of an export as one file: each begins with the line that names the columns, which stands
 * once. `isCut` where there is more than we fetch.
 */
export async function joinParts(
  fetch: (after: string | null) => Promise<CsvPart>,
): Promise<{ text: string; isCut: boolean }> {
  let text = "";
  let after: string | null = null;
  for (let part = 0; part < MOST_PARTS; part += 1) {
    const { data, response }: CsvPart = await fetch(after);
    if (data === undefined) {
      throw new ApiError(0, "internal", "an empty answer");
    }
    text += part === 0 ? data : data.slice(data.indexOf("\n") + 1);
    after = nextAfter(response.headers.get("Link"));
    if (after === null) {
      return { text, isCut: false };
    }
  }
  return { text, isCut: true };
}

/** Behind which id the next part begins, of a header `Link` (RFC 8288); null where there is none. */
export function nextAfter(link: string | null): string | null {
  const target = link?.match(/<([^>]+)>\s*;\s*rel="?next"?/)?.[1];
  return target === undefined
    ? null
    : new URL(target, "http://api.invalid").searchParams.get("starting_after");
}

/** Have the browser keep a file; nothing of it leaves the page. */
export function saveFile(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MILLISECONDS);
}

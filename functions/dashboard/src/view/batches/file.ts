/** A file that somebody chose. `text` is null where it is no UTF-8: the API says on which line. */
export interface Chosen {
  readonly name: string;
  readonly digest: string;
  readonly text: string | null;
}

/** Read a file whole. The bytes that are sent later are those of `digest`, and no others. */
export async function readChosen(file: File): Promise<{ chosen: Chosen; bytes: ArrayBuffer }> {
  const bytes = await file.arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { chosen: { name: file.name, digest, text: textOf(bytes) }, bytes };
}

/** The bytes as text that becomes the same bytes again, or null. */
export function textOf(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What a form holds while its page is away, in this tab alone: a sign-in in between loses nothing. */

const PREFIX = "pay.draft.";

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Read what was kept under a name; null where there is nothing, or nothing that can be read. */
export function readDraft(name: string, store: Store = sessionStorage): unknown {
  try {
    return JSON.parse(store.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/** Keep a value that JSON can say; a tab whose storage is full or shut goes on without. */
export function keepDraft(name: string, value: unknown, store: Store = sessionStorage): void {
  try {
    store.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Only a sign-in in between would have needed it.
  }
}

export function forgetDraft(name: string, store: Store = sessionStorage): void {
  store.removeItem(PREFIX + name);
}

/** Forget all of this tab: whoever sits here next must not find it. */
export function forgetDrafts(store: Storage = sessionStorage): void {
  for (const name of Object.keys(store)) {
    if (name.startsWith(PREFIX)) {
      store.removeItem(name);
    }
  }
}

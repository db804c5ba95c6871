"use client";

import { useSyncExternalStore } from "react";

/** Where Tailwind's `lg` begins. */
const WIDE = "(min-width: 64rem)";

/** Whether there is room at the side, as it changes. */
export function useIsWide(): boolean {
  return useSyncExternalStore(subscribe, isWide, () => false);
}

function isWide(): boolean {
  return window.matchMedia(WIDE).matches;
}

function subscribe(tell: () => void): () => void {
  const query = window.matchMedia(WIDE);
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}

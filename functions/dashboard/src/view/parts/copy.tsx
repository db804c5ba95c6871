"use client";

import { useTranslations } from "next-intl";
import { useRef, useState } from "react";

/** A text to take along, with a button for it; where the browser refuses, it is marked instead. */
export function Copy({ text, label }: { text: string; label: string }) {
  const t = useTranslations("parts");
  const shown = useRef<HTMLElement>(null);
  const [said, setSaid] = useState<"copied" | "marked" | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      if (shown.current !== null) {
        window.getSelection()?.selectAllChildren(shown.current);
      }
      setSaid("marked");
    }
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <code
        className="select-all rounded-lg border border-line bg-paper p-3 text-sm [overflow-wrap:anywhere]"
        ref={shown}
      >
        {text}
      </code>
      <div className="flex flex-wrap items-center gap-3">
        <button className="button-plain" type="button" onClick={() => void copy()}>
          {label}
        </button>
        <p className="text-soft text-sm" role="status">
          {said === null ? null : t(said)}
        </p>
      </div>
    </div>
  );
}

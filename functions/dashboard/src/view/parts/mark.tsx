import type { ReactNode } from "react";

const LOOKS = {
  good: { sign: "✓", color: "text-good" },
  wait: { sign: "◔", color: "text-wait" },
  bad: { sign: "✕", color: "text-bad" },
  off: { sign: "–", color: "text-soft" },
} as const;

export type Look = keyof typeof LOOKS;

/** How something is, in a word, a mark and a colour; nobody needs to see the colour. */
export function Mark({ look, children }: { look: Look; children: ReactNode }) {
  const { sign, color } = LOOKS[look];
  return (
    <span className={`whitespace-nowrap font-medium text-sm ${color}`}>
      <span aria-hidden="true">{sign} </span>
      {children}
    </span>
  );
}

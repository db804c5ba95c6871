"use client";

import { useLocale } from "next-intl";
import { formatDay } from "@/text/day";

/** A day in Cameroon; without its year where it is `isShort`. */
export function Day({ seconds, isShort = false }: { seconds: number; isShort?: boolean }) {
  return (
    <time
      className="whitespace-nowrap tabular-nums"
      dateTime={new Date(seconds * 1000).toISOString()}
    >
      {formatDay(seconds, useLocale(), isShort)}
    </time>
  );
}

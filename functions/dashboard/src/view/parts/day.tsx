"use client";

import { useLocale } from "next-intl";
import { formatDay } from "@/text/day";

/** A day in Cameroon. */
export function Day({ seconds }: { seconds: number }) {
  return (
    <time
      className="whitespace-nowrap tabular-nums"
      dateTime={new Date(seconds * 1000).toISOString()}
    >
      {formatDay(seconds, useLocale())}
    </time>
  );
}

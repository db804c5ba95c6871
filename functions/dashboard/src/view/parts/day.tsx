"use client";

import { useFormatter } from "next-intl";

/** A day in Cameroon. */
export function Day({ seconds }: { seconds: number }) {
  const date = new Date(seconds * 1000);
  return (
    <time className="tabular-nums" dateTime={date.toISOString()}>
      {useFormatter().dateTime(date, { day: "numeric", month: "short", year: "numeric" })}
    </time>
  );
}

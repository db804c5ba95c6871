"use client";

import { useLocale } from "next-intl";
import { formatTime } from "@/text/time";

/** A moment, in Cameroon's time and the reader's language; to the second where it is `isExact`. */
export function Time(props: { seconds: number; isExact?: boolean; className?: string }) {
  const { seconds, isExact = false, className = "" } = props;
  return (
    <time className={`tabular-nums ${className}`} dateTime={new Date(seconds * 1000).toISOString()}>
      {formatTime(seconds, useLocale(), isExact)}
    </time>
  );
}

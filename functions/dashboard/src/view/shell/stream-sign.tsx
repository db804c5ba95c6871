"use client";

import { useTranslations } from "next-intl";
import { useLive } from "@/live/provider";

/** Whether what is shown is told as it happens. */
export function StreamSign() {
  const t = useTranslations("stream");
  const { state } = useLive();
  const color = { live: "text-good", connecting: "text-wait", offline: "text-bad" }[state];
  return (
    <p className={`ml-auto w-28 text-right font-medium text-sm ${color}`} role="status">
      <span aria-hidden="true">● </span>
      {t(state)}
    </p>
  );
}

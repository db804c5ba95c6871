"use client";

import { useTranslations } from "next-intl";

/** The kinds of work that can fail, as the API calls their topics. */
export const TOPICS = [
  "charge-created",
  "charge-check-due",
  "refund-created",
  "payout-ready",
  "payout-check-due",
  "payment-final",
  "invoice-issued",
  "webhook-due",
  "notification-due",
  "report-requested",
  "settlement-due",
  "float-check-due",
  "statement-uploaded",
  "file-uploaded",
  "identity-due",
] as const;

/** What work a message asked for, in words; one that has none yet by its own. */
export function useTopic(): (topic: string) => string {
  const t = useTranslations("dead_letters");
  return (topic) =>
    topic === ""
      ? t("unreadable")
      : t.has(`topics.${topic}` as never)
        ? t(`topics.${topic}` as never)
        : topic;
}

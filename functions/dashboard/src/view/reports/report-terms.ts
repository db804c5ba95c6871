import type { components } from "@/api/schema";
import { dayEndOf, dayOf } from "@/text/day";
import type { Look } from "../parts/mark";

export type Report = components["schemas"]["Report"];
export type ReportType = Report["report_type"];
export type ReportFormat = Report["format"];

export const REPORT_TYPES = [
  "payments",
  "payouts",
  "balance",
  "fees_and_taxes",
  "reconciliation",
] as const satisfies readonly ReportType[];

export const FORMATS = ["csv", "xlsx", "pdf"] as const satisfies readonly ReportFormat[];

export const LOOKS: Readonly<Record<Report["status"], Look>> = {
  pending: "wait",
  running: "wait",
  succeeded: "good",
  failed: "bad",
  canceled: "off",
};

/** Whether it is still being made. */
export function isUnderWay({ status }: Report): boolean {
  return status === "pending" || status === "running";
}

/** What the form for a report holds, as it was typed. */
export interface ReportForm {
  readonly report_type: ReportType;
  readonly format: ReportFormat;
  readonly from: string;
  readonly to: string;
}

/**
 * The stretch from the first day's beginning to the last one's end in Cameroon, or to now while that is
 * not over; null where a day is missing.
 */
export function interval(
  { from, to }: Pick<ReportForm, "from" | "to">,
  now: number,
): { interval_start: number; interval_end: number } | null {
  const [start, end] = [dayOf(from), dayEndOf(to)];
  return start === null || end === null
    ? null
    : { interval_start: start, interval_end: Math.min(end, now) };
}

"use client";

import { useTranslations } from "next-intl";
import { Day } from "../parts/day";
import { Mark } from "../parts/mark";
import { Cancel } from "./cancel";
import { Download } from "./download";
import { isUnderWay, LOOKS, type Report } from "./report-terms";

/** One report: what of, how far, and its file. */
export function ReportRow({ report }: { report: Report }) {
  const t = useTranslations("reports");
  const { status, progress, rows, result } = report;
  return (
    <div className="flex min-h-24 flex-wrap items-center justify-between gap-x-3 gap-y-2 px-4 py-3">
      <div className="flex min-w-0 flex-col gap-0.5">
        <p className="font-semibold">
          {t(`type.${report.report_type}`)} · {report.format.toUpperCase()}
        </p>
        <p className="text-soft text-sm">
          <Day seconds={report.interval_start} /> – <Day seconds={report.interval_end - 1} />
        </p>
        <p className="flex flex-wrap items-center gap-x-3 text-sm">
          <Mark look={LOOKS[status]}>{t(`status.${status}`)}</Mark>
          {isUnderWay(report) ? (
            <progress
              aria-label={t("progress")}
              className="h-2 w-24 accent-accent"
              max={100}
              value={progress}
            />
          ) : status === "succeeded" ? (
            <span className="text-soft">{t("rows", { count: rows })}</span>
          ) : null}
        </p>
        {report.failure_message === null ? null : (
          <p className="text-bad text-sm">{report.failure_message}</p>
        )}
      </div>
      {isUnderWay(report) ? (
        <Cancel report={report} />
      ) : result !== null ? (
        <Download report={report} />
      ) : status === "succeeded" ? (
        <p className="text-soft text-sm">{t("removed")}</p>
      ) : null}
    </div>
  );
}

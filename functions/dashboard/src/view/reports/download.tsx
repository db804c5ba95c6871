"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { useFailure } from "../states";
import type { Report } from "./report-terms";

/** Saves a report's file; its address is asked for anew each time, since it opens for minutes only. */
export function Download({ report }: { report: Report }) {
  const t = useTranslations("reports");
  const { api } = useWork();
  const failure = useFailure();
  const [isAsking, setAsking] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const save = async () => {
    setAsking(true);
    setFault(null);
    try {
      const { result } = await answered(
        api.GET("/v1/reports/{id}", { params: { path: { id: report.id } } }),
      );
      const url = result?.url ?? null;
      if (url === null) {
        setFault(t("not_yours"));
      } else {
        // The store sends it as a file to be saved, so this page stays.
        window.location.assign(url);
      }
    } catch (error) {
      setFault(failure(error instanceof Error ? error : new Error(String(error))));
    } finally {
      setAsking(false);
    }
  };
  return (
    <div className="flex flex-col items-end gap-1">
      <button
        aria-disabled={isAsking}
        className="button-plain"
        type="button"
        onClick={() => (isAsking ? undefined : void save())}
      >
        {t("save")}
      </button>
      <p className="text-bad text-sm empty:hidden" role="alert">
        {fault}
      </p>
    </div>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused } from "../form";
import type { Report } from "./report-terms";

/** Has a report not be made after all. */
export function Cancel({ report }: { report: Report }) {
  const t = useTranslations("reports");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const look = () => queries.invalidateQueries({ queryKey: key("reports") });
  const act = useAct(
    `report.${report.id}`,
    (body: Record<string, never>, attempt: string) =>
      answered(
        api.POST("/v1/reports/{id}/cancel", {
          params: { path: { id: report.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ).finally(look),
    () => undefined,
  );
  return (
    <form
      className="flex flex-col items-end gap-1"
      onSubmit={(event) => {
        event.preventDefault();
        act.act({});
      }}
    >
      <button aria-disabled={act.isSending} className="button-plain" type="submit">
        {t("cancel")}
      </button>
      <Refused act={act} />
    </form>
  );
}

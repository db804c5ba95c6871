"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { type FormEvent, useRef, useState } from "react";
import { isDefinite } from "@/act/attempt";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { dayText, lastDays } from "@/text/day";
import { clock } from "@/text/time";
import { Choice, Field, Refused, Send } from "../form";
import { Part } from "../parts/heading";
import { FORMATS, interval, REPORT_TYPES, type ReportForm } from "./report-terms";

type Body = components["schemas"]["ReportCreate"];

const FIELDS = ["report_type", "format", "interval_start", "interval_end"] as const;
const WEEK = 7;

/** Asks for a report of some days; it is made beside, and then stands in the list. */
export function Ask() {
  const t = useTranslations("reports");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [week] = useState<ReportForm>(() => {
    const days = lastDays(clock.now(), WEEK);
    return {
      report_type: "payments",
      format: "csv",
      from: dayText(days[0] ?? 0),
      to: dayText(days.at(-1) ?? 0),
    };
  });
  const { values, set } = useDraft<ReportForm>("report", week);
  const [isUnread, setUnread] = useState(false);
  const asked = useRef<{ words: string; body: Body } | null>(null);
  const act = useAct(
    "report",
    (body: Body, attempt: string) =>
      answered(
        api.POST("/v1/reports", { params: { header: { "Idempotency-Key": attempt } }, body }),
      ),
    () => {
      asked.current = null;
      void queries.invalidateQueries({ queryKey: key("reports") });
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    const words = JSON.stringify(values);
    // What nobody answered is asked for again as it was, though "now" has moved on.
    const isOpen = act.error !== null && !isDefinite(act.error);
    const again = isOpen && asked.current?.words === words ? asked.current.body : null;
    const stretch = interval(values, clock.now());
    setUnread(stretch === null);
    if (stretch !== null) {
      const { report_type, format } = values;
      const body = again ?? { report_type, format, ...stretch };
      asked.current = { words, body };
      act.act(body);
    }
  };
  return (
    <Part title={t("new")}>
      <form className="card grid grid-cols-1 gap-4 p-4 sm:grid-cols-2" noValidate onSubmit={send}>
        <Choice
          fault={act.fault("report_type")}
          label={t("type_of")}
          value={values.report_type}
          onChange={({ target }) =>
            set({ report_type: REPORT_TYPES.find((each) => each === target.value) ?? "payments" })
          }
        >
          {REPORT_TYPES.map((each) => (
            <option key={each} value={each}>
              {t(`type.${each}`)}
            </option>
          ))}
        </Choice>
        <Choice
          fault={act.fault("format")}
          hint={t("format_hint")}
          label={t("format")}
          value={values.format}
          onChange={({ target }) =>
            set({ format: FORMATS.find((each) => each === target.value) ?? "csv" })
          }
        >
          {FORMATS.map((each) => (
            <option key={each} value={each}>
              {each.toUpperCase()}
            </option>
          ))}
        </Choice>
        <Field
          fault={act.fault("interval_start")}
          label={t("from")}
          type="date"
          value={values.from}
          onChange={({ target }) => set({ from: target.value })}
        />
        <Field
          fault={isUnread ? t("no_days") : act.fault("interval_end")}
          hint={t("to_hint")}
          label={t("to")}
          type="date"
          value={values.to}
          onChange={({ target }) => set({ to: target.value })}
        />
        <Refused act={act} fields={FIELDS} />
        <div>
          <Send act={act}>{t("make")}</Send>
        </div>
      </form>
    </Part>
  );
}

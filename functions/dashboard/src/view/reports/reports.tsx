"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Heading, Part } from "../parts/heading";
import { Paged, usePaged } from "../parts/paged";
import { Ask } from "./ask";
import { Chart } from "./chart";
import { ReportRow } from "./report-row";
import { isUnderWay } from "./report-terms";

/** How the shop does, at a glance and as files. */
export function Reports() {
  const t = useTranslations("reports");
  const { api, key } = useWork();
  const list = usePaged({
    queryKey: key("reports"),
    fetch: (query) => answered(api.GET("/v1/reports", { params: { query } })),
    isMoving: (reports) => reports.some(isUnderWay),
  });
  return (
    <>
      <Heading title={t("title")} />
      <Chart />
      <Ask />
      <Part title={t("all")}>
        <Paged list={list} none={t("none")}>
          {(report) => <ReportRow report={report} />}
        </Paged>
      </Part>
    </>
  );
}

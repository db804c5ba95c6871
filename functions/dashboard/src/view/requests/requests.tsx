"use client";

import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { useMemo } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Tabs } from "../developers/tabs";
import { Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Paged, usePaged } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";
import { FilterForm } from "./filter-form";
import { lookOf, readRequestFilters, requestQuery, writeRequestFilters } from "./filters";

const LOOKED_FOR_MILLISECONDS = 3_000;

/** What the account's programs and people asked of the API, as the address narrows it. */
export function Requests() {
  const t = useTranslations("requests");
  const { api, key, path } = useWork();
  const words = useSearchParams();
  const filters = useMemo(() => readRequestFilters(words), [words]);
  const written = writeRequestFilters(filters);
  const narrowed = requestQuery(filters);
  const list = usePaged({
    queryKey: key("requests", written),
    fetch: (wanted) =>
      answered(api.GET("/v1/request_logs", { params: { query: { ...wanted, ...narrowed } } })),
  });
  // Rows do not move under a finger: that there are new ones is told, and shown when asked for.
  const newest = useQuery({
    queryKey: key("requests", "newest", written),
    queryFn: () =>
      answered(api.GET("/v1/request_logs", { params: { query: { limit: 1, ...narrowed } } })),
    refetchInterval: LOOKED_FOR_MILLISECONDS,
  });
  const latest = newest.data?.data[0]?.id;
  const isBehind =
    list.items !== undefined && latest !== undefined && latest > (list.items[0]?.id ?? "");
  return (
    <>
      <Tabs />
      <Heading title={t("title")}>
        <button
          className={isBehind ? "button" : "button-plain"}
          type="button"
          onClick={() => list.again()}
        >
          {isBehind ? t("show_new") : t("refresh")}
        </button>
      </Heading>
      <p className="text-soft text-sm">{t("what")}</p>
      <FilterForm key={written} filters={filters} path={path("/developers/requests")} />
      <Paged list={list} none={t("none")}>
        {(line) => (
          <RowLink
            href={path(`/developers/requests/${line.id}`)}
            more={line.error?.title ?? line.object_id ?? line.operation}
            state={<Mark look={lookOf(line.status)}>{line.status}</Mark>}
            title={`${line.method} ${line.path}`}
            when={<Time isExact seconds={line.created} />}
          />
        )}
      </Paged>
    </>
  );
}

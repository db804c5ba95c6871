"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { Who } from "../who";
import { lookOf, pageOf, type RequestLog } from "./filters";
import { RequestEvents } from "./request-events";

/** One request: who asked for what, how it was answered, and what became of it. */
export function RequestPage({ id }: { id: string }) {
  const t = useTranslations("requests");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("request", id),
    queryFn: () => answered(api.GET("/v1/request_logs/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Back href={path("/developers/requests")}>{t("title")}</Back>
      {data !== undefined ? (
        <>
          <About line={data} />
          {data.object_id === null || data.status >= 400 ? null : (
            <RequestEvents object={data.object_id} request={id} />
          )}
        </>
      ) : (
        <div className="card">
          <h1 className="sr-only">{t("one")}</h1>
          {error === null ? (
            <Loading rows={6} />
          ) : (
            <Failed again={() => void refetch()} error={error} />
          )}
        </div>
      )}
    </>
  );
}

function About({ line }: { line: RequestLog }) {
  const t = useTranslations("requests");
  return (
    <section className="card flex flex-col gap-4 p-4">
      <Heading title={`${line.method} ${line.path}`}>
        <Mark look={lookOf(line.status)}>{line.status}</Mark>
      </Heading>
      {line.error === null ? null : <Why error={line.error} />}
      <Facts>
        <Fact name={t("when")}>
          <Time isExact seconds={line.created} />
        </Fact>
        <Fact name={t("took")}>{t("milliseconds", { count: line.duration_ms })}</Fact>
        <Fact name={t("api_key")}>{line.api_key && <ToObject id={line.api_key} />}</Fact>
        <Fact name={t("person")}>{line.person && <Who id={line.person} />}</Fact>
        <Fact name={t("object")}>{line.object_id && <ToObject id={line.object_id} />}</Fact>
        <Fact name={t("operation")}>{line.operation}</Fact>
        <Fact name={t("source")}>{t(`sources.${line.source}`)}</Fact>
        <Fact name={t("idempotency")}>
          {line.idempotency && t(`idempotencies.${line.idempotency}`)}
        </Fact>
        <Fact name={t("user_agent")}>{line.user_agent}</Fact>
        <Fact name={t("api_version")}>{line.api_version}</Fact>
        <Fact name={t("id")}>{line.id}</Fact>
      </Facts>
    </section>
  );
}

/** Why it was refused, in words, and where to read what to do about it. */
function Why({ error }: { error: NonNullable<RequestLog["error"]> }) {
  const t = useTranslations("requests");
  return (
    <div className="flex flex-col items-start gap-1 rounded-lg border border-line bg-paper p-3">
      <p className="font-semibold">{error.title}</p>
      <p className="text-soft text-sm [overflow-wrap:anywhere]">
        {error.param === null ? error.code : t("at", { code: error.code, param: error.param })}
      </p>
      <a
        className="inline-flex min-h-11 items-center text-accent underline"
        href={error.doc_url}
        rel="noopener"
        target="_blank"
      >
        {t("docs")}
      </a>
    </div>
  );
}

/** An id that leads to the page of what it names, if there is one. */
function ToObject({ id }: { id: string }): ReactNode {
  const { path } = useWork();
  const page = pageOf(id);
  return page === null ? (
    id
  ) : (
    <Link
      className="inline-flex min-h-11 items-center text-accent underline [overflow-wrap:anywhere]"
      href={path(page)}
      prefetch={false}
    >
      {id}
    </Link>
  );
}

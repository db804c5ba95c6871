"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading } from "../parts/heading";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { EventDeliveries } from "./event-deliveries";

/** One event, as webhooks told it, and to whom. */
export function EventPage({ id }: { id: string }) {
  const t = useTranslations("events");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("event", id),
    queryFn: () => answered(api.GET("/v1/events/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Back href={path("/developers/events")}>{t("title")}</Back>
      <Heading title={data?.type ?? t("one")} />
      {data === undefined ? (
        <div className="card">
          {error === null ? (
            <Loading rows={6} />
          ) : (
            <Failed again={() => void refetch()} error={error} />
          )}
        </div>
      ) : (
        <section className="card flex flex-col gap-4 p-4">
          <Facts>
            <Fact name={t("when")}>
              <Time isExact seconds={data.created} />
            </Fact>
            <Fact name={t("id")}>{data.id}</Fact>
            <Fact name={t("version")}>{data.api_version}</Fact>
            <Fact name={t("request")}>{data.request.id}</Fact>
          </Facts>
          <h2 className="font-semibold">{t("content")}</h2>
          <pre className="whitespace-pre-wrap rounded-lg border border-line bg-paper p-3 text-sm [overflow-wrap:anywhere]">
            {JSON.stringify(data, null, 2)}
          </pre>
        </section>
      )}
      <EventDeliveries id={id} />
    </>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Failed, Loading } from "../states";
import { Time } from "../time";

const MOST_EVENTS = 100;

/** What happened to a payout or a batch, oldest first. */
export function Timeline({ id }: { id: string }) {
  const t = useTranslations("payout");
  const types = useTranslations("event");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("payouts", "events", id),
    queryFn: () =>
      answered(api.GET("/v1/events", { params: { query: { object: id, limit: MOST_EVENTS } } })),
  });
  const name = (type: string) => (types.has(type as never) ? types(type as never) : type);
  return (
    <section aria-labelledby="timeline" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="timeline">
        {t("timeline")}
      </h2>
      <div className="card">
        {data !== undefined ? (
          data.data.length === 0 ? (
            <p className="p-4 text-soft">{t("no_events")}</p>
          ) : (
            <ol className="flex flex-col gap-3 p-4">
              {data.data.toReversed().map((event) => (
                <li key={event.id} className="flex flex-wrap justify-between gap-x-3">
                  <span>{name(event.type)}</span>
                  <Time className="text-soft" isExact seconds={event.created} />
                </li>
              ))}
            </ol>
          )
        ) : error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={2} />
        )}
      </div>
    </section>
  );
}

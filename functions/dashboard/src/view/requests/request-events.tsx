"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Part } from "../parts/heading";
import { Paged, usePaged } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";

/** The events of what a request made or changed; those that it caused itself are marked so. */
export function RequestEvents({ object, request }: { object: string; request: string }) {
  const t = useTranslations("requests");
  const { api, key, path } = useWork();
  const list = usePaged({
    queryKey: key("events", "of", object),
    fetch: (wanted) =>
      answered(api.GET("/v1/events", { params: { query: { ...wanted, object } } })),
  });
  return (
    <Part title={t("events")}>
      <Paged list={list} none={t("no_events")}>
        {(event) => (
          <RowLink
            href={path(`/developers/events/${event.id}`)}
            more={event.request.id === request ? t("caused") : event.id}
            state={null}
            title={event.type}
            when={<Time isExact seconds={event.created} />}
          />
        )}
      </Paged>
    </Part>
  );
}

"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Tabs } from "../developers/tabs";
import { Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Paged, usePaged } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";
import { ENDPOINT_LOOKS, endpointState } from "./webhook-terms";

/** The addresses that are told what happens. */
export function Webhooks() {
  const t = useTranslations("webhooks");
  const { api, key, path } = useWork();
  const list = usePaged({
    queryKey: key("endpoints"),
    fetch: (query) => answered(api.GET("/v1/webhook_endpoints", { params: { query } })),
  });
  return (
    <>
      <Tabs />
      <Heading title={t("title")}>
        <Link className="button" href={path("/developers/webhooks/new")} prefetch={false}>
          {t("new")}
        </Link>
      </Heading>
      <Paged list={list} none={t("none")}>
        {(endpoint) => {
          const state = endpointState(endpoint);
          return (
            <RowLink
              href={path(`/developers/webhooks/${endpoint.id}`)}
              more={endpoint.description ?? endpoint.enabled_events.join(", ")}
              state={<Mark look={ENDPOINT_LOOKS[state]}>{t(`state.${state}`)}</Mark>}
              title={endpoint.url}
              when={<Time seconds={endpoint.created} />}
            />
          );
        }}
      </Paged>
    </>
  );
}

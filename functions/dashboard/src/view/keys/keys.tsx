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
import { keyHint, keyState, LOOKS } from "./key-terms";

/** The keys with which programs of the account's speak to the API. */
export function Keys() {
  const t = useTranslations("keys");
  const { api, key, path } = useWork();
  const list = usePaged({
    queryKey: key("keys"),
    fetch: (query) => answered(api.GET("/v1/api_keys", { params: { query } })),
  });
  return (
    <>
      <Tabs />
      <Heading title={t("title")}>
        <Link className="button" href={path("/developers/keys/new")} prefetch={false}>
          {t("new")}
        </Link>
      </Heading>
      <Paged list={list} none={t("none")}>
        {(apiKey) => {
          const state = keyState(apiKey);
          return (
            <RowLink
              href={path(`/developers/keys/${apiKey.id}`)}
              more={`${keyHint(apiKey)} · ${t(`kind.${apiKey.kind}`)}`}
              state={<Mark look={LOOKS[state]}>{t(`state.${state}`)}</Mark>}
              title={apiKey.name ?? t("nameless")}
              when={<Time seconds={apiKey.created} />}
            />
          );
        }}
      </Paged>
    </>
  );
}

"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Tabs } from "../developers/tabs";
import { Choice } from "../form";
import { Heading } from "../parts/heading";
import { Paged, usePaged } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";
import { objectId } from "./event-object";
import { readType, TYPES } from "./event-types";

/** What happened in the account, as the address narrows it. */
export function Events() {
  const t = useTranslations("events");
  const { api, key, path } = useWork();
  const router = useRouter();
  const type = readType(useSearchParams().get("type"));
  const list = usePaged({
    queryKey: key("events", type ?? "all"),
    fetch: (wanted) =>
      answered(
        api.GET("/v1/events", {
          params: { query: { ...wanted, ...(type === undefined ? {} : { type }) } },
        }),
      ),
  });
  return (
    <>
      <Tabs />
      <Heading title={t("title")} />
      <Choice
        fault={null}
        label={t("type")}
        value={type ?? ""}
        onChange={({ target }) =>
          router.push(path(`/developers/events${target.value && `?type=${target.value}`}`))
        }
      >
        <option value="">{t("any")}</option>
        {TYPES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </Choice>
      <Paged list={list} none={t("none")}>
        {(event) => (
          <RowLink
            href={path(`/developers/events/${event.id}`)}
            more={objectId(event)}
            state={null}
            title={event.type}
            when={<Time isExact seconds={event.created} />}
          />
        )}
      </Paged>
    </>
  );
}

"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Paged, usePaged } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";
import { amountWords, LOOKS, linkState, type PaymentLink } from "./link-terms";

/** All addresses on which payers can pay, as often as they like. */
export function Links() {
  const t = useTranslations("links");
  const { api, key, path } = useWork();
  const list = usePaged({
    queryKey: key("links"),
    fetch: (query) => answered(api.GET("/v1/payment_links", { params: { query } })),
  });
  return (
    <>
      <Heading title={t("title")}>
        <Link className="button" href={path("/links/new")} prefetch={false}>
          {t("new")}
        </Link>
      </Heading>
      <p className="text-soft">{t("what")}</p>
      <Paged list={list} none={t("none")}>
        {(link) => <Row link={link} />}
      </Paged>
    </>
  );
}

function Row({ link }: { link: PaymentLink }) {
  const t = useTranslations("links");
  const { path } = useWork();
  const { words, values } = amountWords(link);
  const state = linkState(link);
  return (
    <RowLink
      href={path(`/links/${link.id}`)}
      more={link.description ?? link.reference ?? link.id}
      state={<Mark look={LOOKS[state]}>{t(`state.${state}`)}</Mark>}
      title={t(`amount.${words}`, values)}
      when={<Time seconds={link.created} />}
    />
  );
}

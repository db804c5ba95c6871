"use client";

import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";
import { Mark } from "../parts/mark";
import { Paged, type PagedList } from "../parts/paged";
import { RowLink } from "../parts/row-link";
import { Time } from "../time";
import { DELIVERY_LOOKS, type Delivery } from "./webhook-terms";

/** Deliveries, each by its `title`, with how it ended or goes on. */
export function DeliveryRows(props: {
  list: PagedList<Delivery>;
  none: string;
  title: (delivery: Delivery) => string;
}) {
  const { list, none, title } = props;
  const t = useTranslations("webhooks");
  const { path } = useWork();
  return (
    <Paged list={list} none={none}>
      {(delivery) => (
        <RowLink
          href={path(`/developers/webhooks/deliveries/${delivery.id}`)}
          more={t("attempts_answer", {
            count: delivery.attempts,
            answer: delivery.last_status ?? delivery.last_error ?? t("no_answer"),
          })}
          state={
            <Mark look={DELIVERY_LOOKS[delivery.status]}>{t(`delivery.${delivery.status}`)}</Mark>
          }
          title={title(delivery)}
          when={<Time seconds={delivery.created} />}
        />
      )}
    </Paged>
  );
}

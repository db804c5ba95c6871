"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading, Part } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { Attempts } from "./attempts";
import { Resend } from "./resend";
import { DELIVERY_LOOKS, type Delivery, isMoving } from "./webhook-terms";

/** One event on its way to one endpoint: each attempt, and what was answered. */
export function DeliveryPage({ id }: { id: string }) {
  const t = useTranslations("webhooks");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("deliveries", "one", id),
    queryFn: () => answered(api.GET("/v1/webhook_deliveries/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (isMoving(state.data ? [state.data] : []) ? 2000 : false),
  });
  return (
    <>
      <Back href={path(`/developers/webhooks${data === undefined ? "" : `/${data.endpoint}`}`)}>
        {t("to_endpoint")}
      </Back>
      {data !== undefined ? (
        <>
          <About delivery={data} />
          <Part title={t("attempts")}>
            <Attempts attempts={data.attempt_log ?? []} />
          </Part>
        </>
      ) : (
        <div className="card">
          <h1 className="sr-only">{t("deliveries")}</h1>
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

function About({ delivery }: { delivery: Delivery }) {
  const t = useTranslations("webhooks");
  const { path } = useWork();
  const moment = (seconds: number | null) =>
    seconds === null ? null : <Time isExact seconds={seconds} />;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <Heading title={delivery.event_type}>
        <Mark look={DELIVERY_LOOKS[delivery.status]}>{t(`delivery.${delivery.status}`)}</Mark>
      </Heading>
      <Facts>
        <Fact name={t("event")}>
          <Link
            className="text-accent underline"
            href={path(`/developers/events/${delivery.event}`)}
            prefetch={false}
          >
            {delivery.event}
          </Link>
        </Fact>
        <Fact name={t("made")}>{moment(delivery.created)}</Fact>
        <Fact name={t("delivered")}>{moment(delivery.delivered_at)}</Fact>
        <Fact name={t("next")}>{moment(delivery.next_attempt_at)}</Fact>
        <Fact name={t("id")}>{delivery.id}</Fact>
      </Facts>
      <Resend delivery={delivery} />
    </section>
  );
}

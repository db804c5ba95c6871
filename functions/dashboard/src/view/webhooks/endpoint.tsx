"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useWork } from "@/session/work";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { DeleteEndpoint } from "./delete-endpoint";
import { Deliveries } from "./deliveries";
import { SwitchEndpoint, TryEndpoint } from "./endpoint-acts";
import { Replay } from "./replay";
import { RotateSecret } from "./rotate-secret";
import { useEndpoint } from "./use-endpoint";
import { ENDPOINT_LOOKS, type Endpoint, endpointState } from "./webhook-terms";

/** One endpoint: what it is told, how that went, and telling it anew. */
export function EndpointPage({ id }: { id: string }) {
  const t = useTranslations("webhooks");
  const { path } = useWork();
  const { data, error, refetch } = useEndpoint(id);
  const [isDeleted, setDeleted] = useState(false);
  return (
    <>
      <Back href={path("/developers/webhooks")}>{t("title")}</Back>
      {isDeleted ? (
        <>
          <Heading title={t("deleted")} />
          <Deliveries endpoint={id} />
        </>
      ) : data !== undefined ? (
        <>
          <About endpoint={data} />
          <Deliveries endpoint={id} />
          {data.status === "enabled" ? <Replay endpoint={data} /> : null}
          <RotateSecret key={data.id} endpoint={data} />
          <DeleteEndpoint endpoint={data} done={() => setDeleted(true)} />
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

function About({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { path } = useWork();
  const state = endpointState(endpoint);
  const moment = (seconds: number | null) =>
    seconds === null ? null : <Time isExact seconds={seconds} />;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <Heading title={endpoint.url}>
        <Mark look={ENDPOINT_LOOKS[state]}>{t(`state.${state}`)}</Mark>
      </Heading>
      <Facts>
        <Fact name={t("form.description")}>{endpoint.description}</Fact>
        <Fact name={t("form.events")}>
          <code>{endpoint.enabled_events.join(", ")}</code>
        </Fact>
        <Fact name={t("form.payload")}>{t(`form.payloads.${endpoint.payload}`)}</Fact>
        <Fact name={t("form.order")}>{t(`form.orders.${endpoint.order}`)}</Fact>
        <Fact name={t("form.signature")}>{t(`form.signatures.${endpoint.signature}`)}</Fact>
        <Fact name={t("public_key")}>{endpoint.public_key}</Fact>
        <Fact name={t("made")}>{moment(endpoint.created)}</Fact>
        <Fact name={t("failing_since")}>{moment(endpoint.failing_since)}</Fact>
        <Fact name={t("overlap_until")}>{moment(endpoint.overlap_until)}</Fact>
        <Fact name={t("id")}>{endpoint.id}</Fact>
      </Facts>
      <div className="flex flex-wrap items-start gap-3">
        {endpoint.status === "enabled" ? <TryEndpoint endpoint={endpoint} /> : null}
        <Link
          className="button-plain"
          href={path(`/developers/webhooks/${endpoint.id}/edit`)}
          prefetch={false}
        >
          {t("edit")}
        </Link>
        <SwitchEndpoint endpoint={endpoint} />
      </div>
    </section>
  );
}

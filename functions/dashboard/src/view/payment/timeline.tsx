"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered, type Charge, type PayEvent } from "@/api/client";
import { useWork } from "@/session/work";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { Deliveries } from "./deliveries";

const MOST_EVENTS = 100;

/** The payment's events, oldest first, each with how the merchant's server was told of it. */
export function Timeline({ charge }: { charge: Charge }) {
  const t = useTranslations("payment");
  const { api, key } = useWork();
  const { id } = charge;
  const { data, error, refetch } = useQuery({
    queryKey: key("payment", id, "events"),
    queryFn: () =>
      answered(api.GET("/v1/events", { params: { query: { object: id, limit: MOST_EVENTS } } })),
  });
  return (
    <section aria-labelledby="timeline" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="timeline">
        {t("timeline")}
      </h2>
      <div className="card">
        {data !== undefined ? (
          <ol className="flex flex-col gap-4 p-4">
            {data.data.toReversed().map((event) => (
              <li className="flex flex-col gap-1" key={event.id}>
                <Happened charge={charge} event={event} />
                <Deliveries charge={id} event={event.id} />
              </li>
            ))}
          </ol>
        ) : error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={2} />
        )}
      </div>
    </section>
  );
}

function Happened({ charge, event }: { charge: Charge; event: PayEvent }) {
  const types = useTranslations("event");
  const name = types.has(event.type as never) ? types(event.type as never) : event.type;
  const receipt = event.type === "receipt.available" ? charge.receipt_url : null;
  return (
    <div className="flex flex-wrap justify-between gap-x-3">
      {receipt === null ? (
        <span className="font-medium">{name}</span>
      ) : (
        <a className="font-medium text-accent underline" href={receipt} rel="noreferrer">
          {name}
        </a>
      )}
      <Time className="text-soft" isExact seconds={event.created} />
    </div>
  );
}

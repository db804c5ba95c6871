"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Refused } from "../form";
import { useFailure } from "../states";

type Delivery = components["schemas"]["WebhookDelivery"];

/** An account has at most this many endpoints in a mode. */
const MOST = 16;
const LOOK_AGAIN_MILLISECONDS = 3000;
const SELDOM_MILLISECONDS = 30_000;
const FEW_ATTEMPTS = 2;
const LOOKS = {
  pending: { mark: "◔", color: "text-wait" },
  succeeded: { mark: "✓", color: "text-good" },
  exhausted: { mark: "✕", color: "text-bad" },
  dropped: { mark: "–", color: "text-soft" },
} as const satisfies Record<Delivery["status"], { mark: string; color: string }>;

/** How one event of a payment went to each of the merchant's endpoints. */
export function Deliveries({ charge, event }: { charge: string; event: string }) {
  const t = useTranslations("delivery");
  const { api, key } = useWork();
  const failure = useFailure();
  const queryKey = key("payment", charge, "deliveries", event);
  const { data, error } = useQuery({
    queryKey,
    queryFn: () =>
      answered(api.GET("/v1/webhook_deliveries", { params: { query: { event, limit: MOST } } })),
    // No event tells how a delivery goes.
    refetchInterval: ({ state }) => pause(state.data?.data ?? []),
  });
  if (data === undefined) {
    return <p className="min-h-6 text-soft text-sm">{error === null ? "…" : failure(error)}</p>;
  }
  if (data.data.length === 0) {
    return <p className="min-h-6 text-soft text-sm">{t("none")}</p>;
  }
  return (
    <ul aria-label={t("title")} className="flex flex-col gap-1">
      {data.data.map((delivery) => (
        <li key={delivery.id}>
          <Told delivery={delivery} queryKey={queryKey} />
        </li>
      ))}
    </ul>
  );
}

/** When to look again; what is tried in hours is not asked for every few seconds. */
function pause(deliveries: readonly Delivery[]): number | false {
  const pending = deliveries.filter(({ status }) => status === "pending");
  if (pending.length === 0) {
    return false;
  }
  return pending.some(({ attempts }) => attempts < FEW_ATTEMPTS)
    ? LOOK_AGAIN_MILLISECONDS
    : SELDOM_MILLISECONDS;
}

function Told(props: { delivery: Delivery; queryKey: readonly unknown[] }) {
  const { delivery, queryKey } = props;
  const t = useTranslations("delivery");
  const act = useTranslations("act");
  const { api } = useWork();
  const queries = useQueryClient();
  const { endpoint, event, status, attempts, last_status: answer } = delivery;
  const resend = useAct(
    `resend.${delivery.id}`,
    (body: { event: string }, key) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}/resend", {
          params: { path: { id: endpoint }, header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    () => void queries.invalidateQueries({ queryKey }),
  );
  const send = (submitted: FormEvent) => {
    submitted.preventDefault();
    resend.act({ event });
  };
  const { mark, color } = LOOKS[status];
  return (
    <form className="flex flex-col gap-1" onSubmit={send}>
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-3">
        <p className="min-w-0 text-sm">
          <span className={color}>
            <span aria-hidden="true">{mark} </span>
            {t(`status.${status}`)}
          </span>{" "}
          <span className="break-words text-soft">
            {t("attempts", { count: attempts })}
            {answer === null ? null : ` · HTTP ${answer}`}
          </span>
        </p>
        {status === "pending" ? null : (
          <button
            aria-disabled={resend.isSending}
            aria-label={t("resend_to", { endpoint })}
            className="button-plain text-sm"
            type="submit"
          >
            {resend.isSending ? act("sending") : t("resend")}
          </button>
        )}
      </div>
      <Refused act={resend} />
    </form>
  );
}

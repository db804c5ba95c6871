"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { minuteText } from "@/text/day";
import { clock } from "@/text/time";
import { Field, Refused, Send } from "../form";
import { Part } from "../parts/heading";
import { type Range, readRange } from "./range";
import type { Endpoint } from "./webhook-terms";

type Body = components["schemas"]["WebhookResendCreate"];

const HOUR_SECONDS = 3600;

/** Sends an endpoint anew what happened between two minutes, part by part where it is much. */
export function Replay({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [lastHour] = useState<Range>(() => ({
    from: minuteText(clock.now() - HOUR_SECONDS),
    to: minuteText(clock.now()),
  }));
  const { values, set } = useDraft(`replay.${endpoint.id}`, lastHour);
  const [isUnread, setUnread] = useState(false);
  const [sent, setSent] = useState<{ count: number; after: string | null } | null>(null);
  const act = useAct(
    `replay.${endpoint.id}`,
    (body: Body, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}/resend", {
          params: { path: { id: endpoint.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    ({ count, has_more, last_event }) => {
      setSent({ count: (sent?.count ?? 0) + count, after: has_more ? last_event : null });
      void queries.invalidateQueries({ queryKey: key("deliveries") });
    },
  );
  const change = (changes: Partial<Range>) => {
    setSent(null);
    set(changes);
  };
  return (
    <Part title={t("replay_title")}>
      <form
        className="card flex flex-col gap-4 p-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const created = readRange(values);
          setUnread(created === null);
          if (created !== null) {
            const after = sent?.after ?? null;
            setSent(after === null ? null : sent);
            act.act({ created, ...(after === null ? {} : { starting_after: after }) });
          }
        }}
      >
        <p>{t("replay_what")}</p>
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          {(["from", "to"] as const).map((name) => (
            <Field
              key={name}
              fault={
                isUnread && name === "to"
                  ? t("no_range")
                  : act.fault(name === "from" ? "created[gte]" : "created[lt]")
              }
              label={t(name)}
              name={name}
              type="datetime-local"
              value={values[name]}
              onChange={({ target }) => change({ [name]: target.value })}
            />
          ))}
        </div>
        <Refused act={act} fields={["created[gte]", "created[lt]"]} />
        <div>
          <Send act={act}>{t(sent?.after ? "replay_more" : "replay")}</Send>
        </div>
        <p className="min-h-5 text-soft text-sm" role="status">
          {sent === null ? null : t("replayed", { count: sent.count })}
        </p>
      </form>
    </Part>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused, Send } from "../form";
import type { Endpoint } from "./webhook-terms";

/** Sends an endpoint an event that says no more than that it is tried. */
export function TryEndpoint({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isSent, setSent] = useState(false);
  const act = useAct(
    `try.${endpoint.id}`,
    (body: Record<string, never>, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}/test", {
          params: { path: { id: endpoint.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    () => {
      setSent(true);
      void queries.invalidateQueries({ queryKey: key("deliveries") });
    },
  );
  return (
    <form
      className="flex flex-col items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        act.act({});
      }}
    >
      <Send act={act}>{t("try")}</Send>
      <Refused act={act} />
      <p className="text-soft text-sm empty:hidden" role="status">
        {isSent ? t("tried") : null}
      </p>
    </form>
  );
}

/** Sends it nothing for a while, or again what happens. */
export function SwitchEndpoint({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const isEnabled = endpoint.status === "enabled";
  const act = useAct(
    `switch.${endpoint.id}`,
    (body: { disabled: boolean }, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}", {
          params: { path: { id: endpoint.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (changed) => {
      queries.setQueryData(key("endpoint", endpoint.id), changed);
      void queries.invalidateQueries({ queryKey: key("endpoints") });
      void queries.invalidateQueries({ queryKey: key("deliveries") });
    },
  );
  return (
    <form
      className="flex flex-col items-start gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        act.act({ disabled: isEnabled });
      }}
    >
      <Send act={act} isGrave={isEnabled}>
        {t(isEnabled ? "disable" : "enable")}
      </Send>
      <Refused act={act} />
    </form>
  );
}

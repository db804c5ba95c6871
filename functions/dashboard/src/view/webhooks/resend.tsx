"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused, Send } from "../form";
import type { Delivery } from "./webhook-terms";

/** Sends one event anew to the endpoint that it went to. */
export function Resend({ delivery }: { delivery: Delivery }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isSent, setSent] = useState(false);
  const act = useAct(
    `resend.${delivery.id}`,
    (body: { event: string }, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}/resend", {
          params: { path: { id: delivery.endpoint }, header: { "Idempotency-Key": attempt } },
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
        act.act({ event: delivery.event });
      }}
    >
      <Refused act={act} />
      <Send act={act}>{t("resend")}</Send>
      <p className="min-h-5 text-soft text-sm" role="status">
        {isSent ? t("resent") : null}
      </p>
    </form>
  );
}

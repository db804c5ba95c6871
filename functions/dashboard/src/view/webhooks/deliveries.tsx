"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Choice } from "../form";
import { Part } from "../parts/heading";
import { usePaged } from "../parts/paged";
import { DeliveryRows } from "./delivery-rows";
import { DELIVERY_STATUSES, type DeliveryStatus, isMoving } from "./webhook-terms";

/** How it went with each event that goes to an endpoint. */
export function Deliveries({ endpoint }: { endpoint: string }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const [status, setStatus] = useState<DeliveryStatus | null>(null);
  const list = usePaged({
    queryKey: key("deliveries", "to", endpoint, status ?? "all"),
    fetch: (wanted) =>
      answered(
        api.GET("/v1/webhook_deliveries", {
          params: { query: { ...wanted, endpoint, ...(status === null ? {} : { status }) } },
        }),
      ),
    isMoving,
  });
  return (
    <Part title={t("deliveries")}>
      <Choice
        fault={null}
        label={t("delivery_status")}
        value={status ?? ""}
        onChange={({ target }) =>
          setStatus(DELIVERY_STATUSES.find((each) => each === target.value) ?? null)
        }
      >
        <option value="">{t("any")}</option>
        {DELIVERY_STATUSES.map((each) => (
          <option key={each} value={each}>
            {t(`delivery.${each}`)}
          </option>
        ))}
      </Choice>
      <DeliveryRows list={list} none={t("no_deliveries")} title={({ event_type }) => event_type} />
    </Part>
  );
}

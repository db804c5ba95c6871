"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Part } from "../parts/heading";
import { usePaged } from "../parts/paged";
import { DeliveryRows } from "../webhooks/delivery-rows";
import { isMoving } from "../webhooks/webhook-terms";

/** The API's bound on the endpoints of a mode is lower. */
const MOST_ENDPOINTS = 100;

/** To whom an event was told, by their addresses; a deleted one has its id alone. */
export function EventDeliveries({ id }: { id: string }) {
  const t = useTranslations("events");
  const { api, key } = useWork();
  const endpoints = useQuery({
    queryKey: key("endpoints", "addresses"),
    queryFn: () =>
      answered(api.GET("/v1/webhook_endpoints", { params: { query: { limit: MOST_ENDPOINTS } } })),
  });
  const list = usePaged({
    queryKey: key("deliveries", "of", id),
    fetch: (wanted) =>
      answered(api.GET("/v1/webhook_deliveries", { params: { query: { ...wanted, event: id } } })),
    isMoving,
  });
  const addresses = new Map(endpoints.data?.data.map((each) => [each.id, each.url]));
  return (
    <Part title={t("deliveries")}>
      <DeliveryRows
        list={list}
        none={t("no_deliveries")}
        title={({ endpoint }) => addresses.get(endpoint) ?? endpoint}
      />
    </Part>
  );
}

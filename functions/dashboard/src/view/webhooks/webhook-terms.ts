import type { components } from "@/api/schema";
import { clock } from "@/text/time";
import type { Look } from "../parts/mark";

export type Endpoint = components["schemas"]["WebhookEndpoint"];
export type EndpointMade = components["schemas"]["WebhookEndpointMade"];
export type Delivery = components["schemas"]["WebhookDelivery"];
export type DeliveryStatus = Delivery["status"];

export const DELIVERY_STATUSES = [
  "pending",
  "succeeded",
  "exhausted",
  "dropped",
] as const satisfies readonly DeliveryStatus[];

export const DELIVERY_LOOKS: Readonly<Record<DeliveryStatus, Look>> = {
  pending: "wait",
  succeeded: "good",
  exhausted: "bad",
  dropped: "off",
};

const SOON_SECONDS = 30;

/** Whether one of them is about to be tried, so that it is worth looking again. */
export function isMoving(deliveries: readonly Delivery[]): boolean {
  const soon = clock.now() + SOON_SECONDS;
  return deliveries.some(
    ({ status, next_attempt_at: next }) => status === "pending" && (next === null || next < soon),
  );
}

export type EndpointState = "enabled" | "failing" | "merchant" | "gone" | "given_up";

export const ENDPOINT_LOOKS: Readonly<Record<EndpointState, Look>> = {
  enabled: "good",
  failing: "wait",
  merchant: "off",
  gone: "bad",
  given_up: "bad",
};

/** Whether an endpoint is sent anything, and if not, why. */
export function endpointState(endpoint: Endpoint): EndpointState {
  if (endpoint.status === "enabled") {
    return endpoint.failing_since === null ? "enabled" : "failing";
  }
  if (endpoint.disabled_reason === "gone") {
    return "gone";
  }
  return endpoint.disabled_reason === "failing" ? "given_up" : "merchant";
}

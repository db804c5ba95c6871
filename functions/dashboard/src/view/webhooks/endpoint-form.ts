import type { components } from "@/api/schema";
import { familyOf } from "../events/event-types";
import type { Endpoint } from "./webhook-terms";

type Create = components["schemas"]["WebhookEndpointCreate"];
type Update = components["schemas"]["WebhookEndpointUpdate"];

/** What the form for an endpoint holds, as it was typed. */
export interface EndpointForm {
  readonly url: string;
  readonly description: string;
  readonly isAll: boolean;
  readonly events: readonly string[];
  readonly payload: "full" | "thin";
  readonly order: "none" | "object";
  readonly signature: "standard" | "stripe";
  readonly signing: "hmac" | "ed25519";
}

export const EMPTY: EndpointForm = {
  url: "",
  description: "",
  isAll: true,
  events: [],
  payload: "full",
  order: "none",
  signature: "standard",
  signing: "hmac",
};

/** The form as an endpoint is. */
export function formOf(endpoint: Endpoint): EndpointForm {
  const isAll = endpoint.enabled_events.includes("*");
  const { url, payload, order, signature, signing } = endpoint;
  return {
    url,
    description: endpoint.description ?? "",
    isAll,
    events: isAll ? [] : endpoint.enabled_events,
    payload,
    order,
    signature,
    signing,
  };
}

/** What an endpoint is changed to. */
export function updateBody(form: EndpointForm): Update {
  return {
    url: form.url.trim(),
    enabled_events: form.isAll ? ["*"] : chosen(form.events),
    description: form.description.trim() || null,
    payload: form.payload,
    order: form.order,
  };
}

/** What a new endpoint is asked for with; how it signs stays as it is for ever. */
export function createBody(form: EndpointForm): Create {
  const { signature } = form;
  return {
    url: form.url.trim(),
    enabled_events: form.isAll ? ["*"] : chosen(form.events),
    description: form.description.trim() || null,
    payload: form.payload,
    order: form.order,
    signature,
    signing: signature === "stripe" ? "hmac" : form.signing,
  };
}

/** A family says all of its types, which are not named beside it. */
function chosen(events: readonly string[]): string[] {
  return events.filter((each) => each === familyOf(each) || !events.includes(familyOf(each)));
}

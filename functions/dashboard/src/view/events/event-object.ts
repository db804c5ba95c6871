import type { PayEvent } from "@/api/client";

/** Of what an event tells; its own id where the object has none. */
export function objectId({ id, data }: PayEvent): string {
  const { object } = data;
  return "id" in object && typeof object.id === "string" ? object.id : id;
}

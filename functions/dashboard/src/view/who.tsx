"use client";

import { useTranslations } from "next-intl";
import { usePlace } from "@/session/place";

/** A person by the id that Keycloak gives, or that it is the reader herself. */
export function Who({ id }: { id: string }) {
  const t = useTranslations("ask");
  const { session } = usePlace();
  return <span className="[overflow-wrap:anywhere]">{id === session.person ? t("you") : id}</span>;
}

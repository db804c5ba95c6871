"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";

const TEAM_MILLISECONDS = 300_000;

/** Who did something: herself, somebody of the team by the mail address, a key or a former member by its id. */
export function Person({ id }: { id: string }) {
  const t = useTranslations("money_out");
  const { api, key, session } = useWork();
  const isKey = id.startsWith("key_");
  const { data } = useQuery({
    queryKey: key("team"),
    queryFn: () => answered(api.GET("/v1/team", {})),
    staleTime: TEAM_MILLISECONDS,
    enabled: !isKey && id !== session.person,
  });
  if (id === session.person) {
    return t("you");
  }
  if (isKey) {
    return t("key", { id });
  }
  return data?.data.find((member) => member.id === id)?.email ?? id;
}

import { queryOptions } from "@tanstack/react-query";
import { answered, makeApi } from "@/api/client";
import type { Session } from "@/session/session";

/** The accounts of whoever is signed in, by name. */
export function memberships(session: Session) {
  return queryOptions({
    queryKey: ["memberships"],
    queryFn: async () => (await answered(makeApi(session, "en").GET("/v1/me", {}))).accounts,
    staleTime: 60_000,
  });
}

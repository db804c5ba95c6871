import { queryOptions } from "@tanstack/react-query";
import { answered, makeApi } from "@/api/client";
import type { Session } from "@/session/session";

/** Whoever is signed in: her roles at the platform, and her accounts, by name. */
export function me(session: Session) {
  return queryOptions({
    queryKey: ["me"],
    queryFn: () => answered(makeApi(session, "en").GET("/v1/me", {})),
    staleTime: 60_000,
  });
}

/** The accounts of whoever is signed in, by name. */
export function memberships(session: Session) {
  return queryOptions({ ...me(session), select: ({ accounts }) => accounts });
}

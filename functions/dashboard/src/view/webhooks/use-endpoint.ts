"use client";

import { useQuery } from "@tanstack/react-query";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";

/** One endpoint, fetched. */
export function useEndpoint(id: string) {
  const { api, key } = useWork();
  return useQuery({
    queryKey: key("endpoint", id),
    queryFn: () => answered(api.GET("/v1/webhook_endpoints/{id}", { params: { path: { id } } })),
  });
}

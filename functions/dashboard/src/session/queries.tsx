"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "@/api/client";
import { SessionOver } from "./session-over";

const RETRIES = 2;
/** What the parts of one page ask for is fetched once; whoever comes back to a page sees what is new. */
const FRESH_MILLISECONDS = 1_000;

/** What was fetched, as long as this browser's page lives, in whichever of its parts. */
const kept: { queries: QueryClient | null } = { queries: null };

/** Keeps what pages fetch, in the browser alone: the server fetches nothing. */
export function QueriesProvider({ children }: { children: ReactNode }) {
  const [queries] = useState(() => {
    if (typeof window === "undefined") {
      return makeQueries();
    }
    kept.queries ??= makeQueries();
    return kept.queries;
  });
  return <QueryClientProvider client={queries}>{children}</QueryClientProvider>;
}

function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < RETRIES && !isDefinite(error),
        refetchOnWindowFocus: false,
        staleTime: FRESH_MILLISECONDS,
      },
    },
  });
}

function isDefinite(error: Error): boolean {
  return (
    error instanceof SessionOver ||
    (error instanceof ApiError && error.status >= 400 && error.status < 500)
  );
}

"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { ApiError } from "@/api/client";
import { Session, SessionOver, type SessionState } from "./session";

const RETRIES = 2;
const SessionContext = createContext<Session | null>(null);

/** Makes the one session of this page, in the browser alone: the server knows nobody. */
export function SessionProvider(props: { identityUrl: string; children: ReactNode }) {
  const { identityUrl, children } = props;
  const [queries] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            retry: (failures, error) => failures < RETRIES && !isDefinite(error),
            refetchOnWindowFocus: false,
            staleTime: 10_000,
          },
        },
      }),
  );
  const [session, setSession] = useState<Session | null>(null);
  useEffect(() => {
    setSession(new Session(identityUrl, window.location.origin));
  }, [identityUrl]);
  return (
    <QueryClientProvider client={queries}>
      <SessionContext value={session}>{children}</SessionContext>
    </QueryClientProvider>
  );
}

/** The session; null on the server and before the page is alive. */
export function useSession(): Session | null {
  return useContext(SessionContext);
}

/** How the session is, as it changes. */
export function useSessionState(): SessionState {
  const session = useSession();
  const [state, setState] = useState<SessionState>("starting");
  useEffect(() => {
    if (session === null) {
      return;
    }
    setState(session.state());
    return session.subscribe(() => setState(session.state()));
  }, [session]);
  return state;
}

function isDefinite(error: Error): boolean {
  return (
    error instanceof SessionOver ||
    (error instanceof ApiError && error.status >= 400 && error.status < 500)
  );
}

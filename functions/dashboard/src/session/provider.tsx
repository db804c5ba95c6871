"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  startTransition,
  useContext,
  useEffect,
  useState,
} from "react";
import { ApiError } from "@/api/client";
import { Session, SessionOver, type SessionState } from "./session";

const RETRIES = 2;
/** Undefined outside of people's pages. */
const SessionContext = createContext<Session | null | undefined>(undefined);

/** What this browser's page has, in whichever of its parts: who is signed in stays so between them. */
const kept: { session: Session | null; queries: QueryClient | null } = {
  session: null,
  queries: null,
};

/** Makes the one session of this page, in the browser alone: the server knows nobody. */
export function SessionProvider(props: { identityUrl: string; children: ReactNode }) {
  const { identityUrl, children } = props;
  const [queries] = useState(() => {
    if (typeof window === "undefined") {
      return makeQueries();
    }
    kept.queries ??= makeQueries();
    return kept.queries;
  });
  const [session, setSession] = useState(() => kept.session);
  useEffect(() => {
    kept.session ??= new Session(identityUrl, window.location.origin);
    setSession(kept.session);
  }, [identityUrl]);
  return (
    <QueryClientProvider client={queries}>
      <SessionContext value={session}>{children}</SessionContext>
    </QueryClientProvider>
  );
}

/** The session; null on the server and before the page is alive. */
export function useSession(): Session | null {
  const session = useContext(SessionContext);
  if (session === undefined) {
    throw new Error("people's pages stand within `People`");
  }
  return session;
}

/** How the session is, as it changes. */
export function useSessionState(): SessionState {
  const session = useSession();
  const [state, setState] = useState<SessionState>(() => session?.state() ?? "starting");
  useEffect(() => {
    if (session === null) {
      return;
    }
    // What it lets in is much: it is made in pieces, between which a phone answers its finger.
    const look = () => startTransition(() => setState(session.state()));
    look();
    return session.subscribe(look);
  }, [session]);
  return state;
}

function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < RETRIES && !isDefinite(error),
        refetchOnWindowFocus: false,
        staleTime: 10_000,
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

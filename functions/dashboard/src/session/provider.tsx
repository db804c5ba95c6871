"use client";

import {
  createContext,
  type ReactNode,
  startTransition,
  useContext,
  useEffect,
  useState,
} from "react";
import { Session, type SessionState } from "./session";

/** Undefined outside of people's pages. */
const SessionContext = createContext<Session | null | undefined>(undefined);

/** What this browser's page has, in whichever of its parts: who is signed in stays so between them. */
const kept: { session: Session | null } = { session: null };

/** Makes the one session of this page, in the browser alone: the server knows nobody. */
export function SessionProvider(props: { identityUrl: string; children: ReactNode }) {
  const { identityUrl, children } = props;
  const [session, setSession] = useState(() => kept.session);
  useEffect(() => {
    kept.session ??= new Session(identityUrl, window.location.origin);
    setSession(kept.session);
  }, [identityUrl]);
  return <SessionContext value={session}>{children}</SessionContext>;
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

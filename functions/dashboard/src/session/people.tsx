import type { ReactNode } from "react";
import { readSettings } from "@/settings";
import { Early } from "./early";
import { SessionProvider } from "./provider";
import { QueriesProvider } from "./queries";

/** Stands around the pages of those who sign in: their session, and what was fetched. */
export function People({ children }: { children: ReactNode }) {
  const { identityUrl } = readSettings();
  return (
    <SessionProvider identityUrl={identityUrl}>
      <Early identityUrl={identityUrl} />
      <QueriesProvider>{children}</QueriesProvider>
    </SessionProvider>
  );
}

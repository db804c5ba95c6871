import type { ReactNode } from "react";
import { readSettings } from "@/settings";
import { SessionProvider } from "./provider";

/** Stands around the pages of those who sign in: their session. */
export function People({ children }: { children: ReactNode }) {
  const { identityUrl } = readSettings();
  return <SessionProvider identityUrl={identityUrl}>{children}</SessionProvider>;
}

import type { ReactNode } from "react";
import { People } from "@/session/people";

/** Around the pages of those who sign in, one for all: none of its scripts is loaded twice. */
export default function Layout({ children }: { children: ReactNode }) {
  return <People>{children}</People>;
}

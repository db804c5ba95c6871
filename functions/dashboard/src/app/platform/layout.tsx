import type { ReactNode } from "react";
import { People } from "@/session/people";
import { PlatformShell } from "@/view/platform/shell";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <People>
      <PlatformShell>{children}</PlatformShell>
    </People>
  );
}

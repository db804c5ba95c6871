import type { ReactNode } from "react";
import { Words } from "@/i18n/words";
import { People } from "@/session/people";
import { PlatformShell } from "@/view/platform/shell";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <Words of={["act", "entrance", "platform", "shell"]}>
      <People>
        <PlatformShell>{children}</PlatformShell>
      </People>
    </Words>
  );
}

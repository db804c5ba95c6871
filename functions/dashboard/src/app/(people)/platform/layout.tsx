import type { ReactNode } from "react";
import { Words } from "@/i18n/words";
import { PlatformShell } from "@/view/platform/shell";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <Words of={["act", "entrance", "platform", "shell"]}>
      <PlatformShell>{children}</PlatformShell>
    </Words>
  );
}

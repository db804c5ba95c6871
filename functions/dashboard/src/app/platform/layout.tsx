import type { ReactNode } from "react";
import { PlatformShell } from "@/view/platform/shell";

export default function Layout({ children }: { children: ReactNode }) {
  return <PlatformShell>{children}</PlatformShell>;
}

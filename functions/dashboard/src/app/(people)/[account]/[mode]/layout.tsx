import { notFound } from "next/navigation";
import type { ReactNode } from "react";
import { Words } from "@/i18n/words";
import { Shell } from "@/view/shell/shell";

export default async function Layout(props: {
  params: Promise<{ account: string; mode: string }>;
  children: ReactNode;
}) {
  const { account, mode } = await props.params;
  if (mode !== "test" && mode !== "live") {
    notFound();
  }
  return (
    <Words of={["accesses", "act", "entrance", "shell", "stream"]}>
      <Shell account={account} mode={mode}>
        {props.children}
      </Shell>
    </Words>
  );
}

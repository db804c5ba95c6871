import type { ReactNode } from "react";

const PRODUCT = "Pay";

/** A page that says one thing and offers one way on. */
export function Plain({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-6 p-6">
      <title>{`${title} · ${PRODUCT}`}</title>
      <h1 className="text-2xl font-semibold">{title}</h1>
      {children}
    </main>
  );
}

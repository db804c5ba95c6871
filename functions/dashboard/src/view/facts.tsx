import type { ReactNode } from "react";

/** What is known of something, name by name. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2">{children}</dl>;
}

/** One of them; nothing where there is nothing to say. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return children === null ? null : (
    <div className="min-w-0">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

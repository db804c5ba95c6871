import type { ReactNode } from "react";

/** A figure with its name, in a place as high whatever it is. */
export function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="card grid min-h-12 grid-cols-[7rem_minmax(0,1fr)] items-center px-4 py-2 sm:flex sm:min-h-20 sm:flex-col sm:items-start sm:justify-center">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="font-semibold tabular-nums [overflow-wrap:anywhere] sm:text-xl">{children}</dd>
    </div>
  );
}

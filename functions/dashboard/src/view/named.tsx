import type { ReactNode } from "react";

/** Facts with their names. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2">{children}</dl>;
}

/** One fact; nothing where there is none. */
export function Named({ name, children }: { name: string; children: ReactNode }) {
  return children === null ? null : (
    <div className="min-w-0">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

/** A part of a page below its heading; `aside` stands beside that. */
export function Section(props: {
  id: string;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const { id, title, aside, children } = props;
  return (
    <section aria-labelledby={id} className="flex flex-col gap-3">
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-3">
        <h2 className="font-semibold text-lg" id={id}>
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

import type { ReactNode } from "react";

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

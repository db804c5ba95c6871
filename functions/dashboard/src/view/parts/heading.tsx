import Link from "next/link";
import { type ReactNode, useId } from "react";

/** The way to the page above. */
export function Back({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Link
      className="inline-flex min-h-11 items-center self-start text-accent underline"
      href={href}
      prefetch={false}
    >
      {children}
    </Link>
  );
}

/** What a page is called, and what can be done on it. */
export function Heading({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-11 flex-wrap items-center justify-between gap-3">
      <h1 className="min-w-0 font-semibold text-xl [overflow-wrap:anywhere]">{title}</h1>
      {children}
    </div>
  );
}

/** A part of a page under a name of its own. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex min-w-0 flex-col gap-3">
      <h2 className="font-semibold text-lg" id={id}>
        {title}
      </h2>
      {children}
    </section>
  );
}

import Link from "next/link";
import type { ReactNode } from "react";

/** One of a list, in two lines, that leads to its page: what it is, how it is, and when. */
export function RowLink(props: {
  href: string;
  title: ReactNode;
  state: ReactNode;
  more: ReactNode;
  when: ReactNode;
}) {
  const { href, title, state, more, when } = props;
  return (
    <Link
      className="grid h-16 grid-cols-[minmax(0,1fr)_auto] content-center gap-x-3 gap-y-0.5 px-4 hover:bg-paper"
      href={href}
      prefetch={false}
    >
      <span className="truncate font-semibold">{title}</span>
      <span className="text-right">{state}</span>
      <span className="truncate text-soft text-sm">{more}</span>
      <span className="whitespace-nowrap text-right text-soft text-sm">{when}</span>
    </Link>
  );
}

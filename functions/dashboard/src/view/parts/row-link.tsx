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
      className="flex h-16 flex-col justify-center gap-0.5 px-4 hover:bg-paper"
      href={href}
      prefetch={false}
    >
      <span className="flex justify-between gap-3">
        <span className="truncate font-semibold">{title}</span>
        {state}
      </span>
      <span className="flex justify-between gap-3 text-soft text-sm">
        <span className="truncate">{more}</span>
        <span className="whitespace-nowrap">{when}</span>
      </span>
    </Link>
  );
}

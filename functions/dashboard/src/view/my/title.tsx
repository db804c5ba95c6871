"use client";

import { type ReactNode, useEffect, useRef } from "react";

/** What stands here now, which is what a reader hears first: nothing was loaded that would say so. */
export function Title({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <title>{`${children} · Pay`}</title>
      <h1
        className="font-semibold text-xl outline-none [overflow-wrap:anywhere]"
        ref={heading}
        tabIndex={-1}
      >
        {children}
      </h1>
    </>
  );
}

/** The test mode says so on each of its pages. */
export function TestNote({ children }: { children: ReactNode }) {
  return <p className="rounded-lg bg-test px-3 py-2 text-on-test text-sm">{children}</p>;
}

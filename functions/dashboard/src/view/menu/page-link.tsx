"use client";

import Link from "next/link";
import { type ReactNode, useState } from "react";
import type { Entry } from "./entries";

/** The way to a page, fetched once somebody is about to go there: nobody pays for pages she never opens. */
export function PageLink(props: {
  entry: Entry;
  current: "page" | "true" | undefined;
  className: string;
  children?: ReactNode;
  onClick?: () => void;
}) {
  const { entry, current, className, children, onClick = () => undefined } = props;
  const [isMeant, setMeant] = useState(false);
  const mean = () => setMeant(true);
  return (
    <Link
      aria-current={current}
      className={className}
      href={entry.href}
      prefetch={isMeant}
      onClick={onClick}
      onFocus={mean}
      onPointerEnter={mean}
      onTouchStart={mean}
    >
      {children}
      {entry.name}
    </Link>
  );
}

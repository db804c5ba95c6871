"use client";

import { useTranslations } from "next-intl";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Copy } from "../parts/copy";

/** A secret, shown this once: it lives in the page's memory alone and goes with it. */
export function Secret(props: { title: string; secret: string; children?: ReactNode }) {
  const { title, secret, children } = props;
  const t = useTranslations("developers");
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section aria-labelledby={id} className="card flex flex-col gap-3 border-accent p-4">
      <h2 className="font-semibold text-lg" id={id} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      <p>{t("once")}</p>
      <Copy label={t("copy_secret")} text={secret} />
      {children}
    </section>
  );
}

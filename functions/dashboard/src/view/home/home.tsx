"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";
import { Balance } from "./balance";
import { Decisions } from "./decisions";
import { Latest } from "./latest";
import { Today } from "./today";

/** What an owner looks at many times a day: the balance, today, and payments as they arrive. */
export function Home() {
  const t = useTranslations("home");
  const { path } = useWork();
  return (
    <>
      <h1 className="sr-only">{t("title")}</h1>
      <Balance />
      <Decisions />
      <Today />
      <section aria-labelledby="latest" className="flex flex-col gap-3">
        <div className="flex items-baseline justify-between gap-3">
          <h2 className="font-semibold text-lg" id="latest">
            {t("latest")}
          </h2>
          <Link className="text-accent underline" href={path("/payments")} prefetch={false}>
            {t("all")}
          </Link>
        </div>
        <Latest />
      </section>
    </>
  );
}

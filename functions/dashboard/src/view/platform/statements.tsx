"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../parts/paged";
import { Section } from "../parts/section";
import { Time } from "../time";
import { Upload } from "./upload";

/** Operators' statements, newest first, and a way to bring one. */
export function Statements() {
  const t = useTranslations("statements");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  return (
    <>
      <h1 className="font-semibold text-xl">{platform("statements")}</h1>
      <Upload />
      <Section id="statements" title={t("known")}>
        <Fetched
          fetch={(query) => answered(api.GET("/v1/platform/statements", { params: { query } }))}
          name={key("statements")}
          none={t("none")}
        >
          {(statement) => (
            <Link
              className="flex min-h-16 flex-col justify-center gap-0.5 px-4 py-2 hover:bg-paper"
              href={`/platform/statements/${statement.id}`}
              prefetch={false}
            >
              <span className="font-medium">
                {t("days", { first: statement.first_day, last: statement.last_day })}
              </span>
              <span className="text-soft text-sm [overflow-wrap:anywhere]">
                {statement.operator_account}
              </span>
              <span className="flex flex-wrap justify-between gap-x-3 text-soft text-sm">
                <span>
                  {t(statement.status)} · {platform(statement.mode)}
                </span>
                <Time seconds={statement.created} />
              </span>
            </Link>
          )}
        </Fetched>
      </Section>
    </>
  );
}

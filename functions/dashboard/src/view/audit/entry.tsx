"use client";

import { useTranslations } from "next-intl";
import type { components } from "@/api/schema";
import { Fact, Facts } from "../parts/facts";
import { Time } from "../time";
import { Who } from "../who";

type AuditEntry = components["schemas"]["AuditEntry"];

/** What was done, by whom, to what; opened, what changed. */
export function Entry({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("audit");
  const { actor, target } = entry;
  return (
    <details className="group">
      <summary className="flex min-h-16 cursor-pointer flex-col justify-center gap-0.5 px-4 py-2">
        <span className="flex flex-wrap items-baseline justify-between gap-x-3">
          <span className="font-medium [overflow-wrap:anywhere]">
            <span aria-hidden="true" className="inline-block group-open:rotate-90">
              ›
            </span>{" "}
            {entry.action}
          </span>
          <Time className="text-soft text-sm" seconds={entry.created} />
        </span>
        <span className="truncate text-soft text-sm">{target.id}</span>
      </summary>
      <div className="flex flex-col gap-3 p-4 pt-0">
        <Facts>
          <Fact name={t(`kinds.${actor.kind}`)}>
            {actor.kind === "person" ? <Who id={actor.id} /> : actor.id}
          </Fact>
          <Fact name={t("changed")}>
            {target.type} {target.id}
          </Fact>
          <Fact name={t("reason")}>{entry.reason}</Fact>
          <Fact name={t("address")}>{entry.remote_address}</Fact>
          <Fact name={t("request")}>{entry.request_id}</Fact>
          <Fact name={t("position")}>{entry.position}</Fact>
        </Facts>
        <Words name={t("before")} words={entry.before} />
        <Words name={t("after")} words={entry.after} />
      </div>
    </details>
  );
}

function Words({ name, words }: { name: string; words: object | null }) {
  return words === null ? null : (
    <div>
      <p className="text-soft text-sm">{name}</p>
      <pre className="whitespace-pre-wrap text-sm [overflow-wrap:anywhere]">
        {JSON.stringify(words, null, 2)}
      </pre>
    </div>
  );
}

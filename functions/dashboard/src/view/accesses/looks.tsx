"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import type { AuditEntry } from "../audit/audit";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading } from "../parts/heading";
import { Fetched } from "../parts/paged";
import { Time } from "../time";
import { untilOf } from "./until";

/** When somebody of the platform looked into this account and mode, and why: read of its own audit log. */
export function Looks() {
  const t = useTranslations("accesses");
  const { api, key, path } = useWork();
  return (
    <>
      <Back href={path("/audit")}>{t("to_audit")}</Back>
      <Heading title={t("looks")} />
      <p className="text-soft">{t("looks_line")}</p>
      <Fetched
        fetch={(part) =>
          answered(
            api.GET("/v1/audit_entries", {
              params: { query: { ...part, action: "account_access.opened" } },
            }),
          )
        }
        name={key("looks")}
        none={t("no_looks")}
      >
        {(entry) => <LookOf entry={entry} />}
      </Fetched>
    </>
  );
}

function LookOf({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("accesses");
  const { path } = useWork();
  const until = untilOf(entry.after);
  return (
    <article aria-label={entry.target.id} className="flex flex-col gap-3 p-4">
      <p className="font-medium [overflow-wrap:anywhere]">{entry.reason}</p>
      <Facts>
        <Fact name={t("from")}>
          <Time seconds={entry.created} />
        </Fact>
        <Fact name={t("until")}>{until === null ? null : <Time seconds={until} />}</Fact>
      </Facts>
      <Link
        className="inline-flex min-h-11 items-center self-start text-accent underline"
        href={`${path("/audit")}?object=${entry.target.id}`}
        prefetch={false}
      >
        {t("what_was_read")}
      </Link>
    </article>
  );
}

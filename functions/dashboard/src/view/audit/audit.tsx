"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, type ReactNode, useMemo } from "react";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { Fetched, type Fragment, type Wanted } from "../parts/paged";
import { Entry } from "./entry";
import type { CsvPart } from "./export";
import { Export } from "./export-button";
import { type AuditFilters, created, readAuditFilters, writeAuditFilters } from "./filters";

export type AuditEntry = components["schemas"]["AuditEntry"];

type Bounds = ReturnType<typeof created>;

/** Audit entries, of an account or the platform, narrowed as the address says. */
export function Audit(props: {
  path: string;
  fileName: string;
  fetchPage: (
    query: Wanted & Bounds & Omit<AuditFilters, "from" | "until">,
  ) => Promise<Fragment<AuditEntry>>;
  fetchCsv: (query: Bounds & { starting_after?: string }) => Promise<CsvPart>;
  /** What stands below the heading. */
  children?: ReactNode;
}) {
  const { path, fileName, fetchPage, fetchCsv, children } = props;
  const t = useTranslations("audit");
  const { key } = usePlace();
  const words = useSearchParams();
  const filters = useMemo(() => readAuditFilters(words), [words]);
  const { from: _from, until: _until, ...narrowed } = filters;
  const written = writeAuditFilters(filters);
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      {children}
      <FilterForm key={written} filters={filters} path={path} />
      <Export
        fetch={(after) =>
          fetchCsv({ ...created(filters), ...(after === null ? {} : { starting_after: after }) })
        }
        fileName={fileName}
      />
      <Fetched
        key={`list${written}`}
        fetch={(part) => fetchPage({ ...part, ...narrowed, ...created(filters) })}
        name={key("audit", filters)}
        none={t("none")}
      >
        {(entry) => <Entry entry={entry} />}
      </Fetched>
    </>
  );
}

function FilterForm({ filters, path }: { filters: AuditFilters; path: string }) {
  const t = useTranslations("audit");
  const router = useRouter();
  const narrow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = readAuditFilters({ get: (name) => String(form.get(name) ?? "") });
    router.push(`${path}${writeAuditFilters(wanted)}`);
  };
  return (
    <form className="grid grid-cols-1 items-end gap-3 sm:grid-cols-3" onSubmit={narrow}>
      {(["action", "actor", "object"] as const).map((name) => (
        <label className="flex min-w-0 flex-col gap-1 text-sm" key={name}>
          {t(name)}
          <input className="field" defaultValue={filters[name]} maxLength={100} name={name} />
        </label>
      ))}
      {(["from", "until"] as const).map((name) => (
        <label className="flex min-w-0 flex-col gap-1 text-sm" key={name}>
          {t(name)}
          <input className="field" defaultValue={filters[name]} name={name} type="date" />
        </label>
      ))}
      <div className="flex flex-wrap gap-3">
        <button className="button" type="submit">
          {t("narrow")}
        </button>
        <button className="button-plain" type="button" onClick={() => router.push(path)}>
          {t("clear")}
        </button>
      </div>
    </form>
  );
}

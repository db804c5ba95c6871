"use client";

import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import {
  DAYS,
  METHODS,
  type RequestFilters,
  readRequestFilters,
  STATUSES,
  WORDS,
  writeRequestFilters,
} from "./filters";

/** What the list is to be narrowed by; it goes into the address. */
export function FilterForm({ filters, path }: { filters: RequestFilters; path: string }) {
  const t = useTranslations("requests");
  const router = useRouter();
  const narrow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = readRequestFilters({ get: (name) => String(form.get(name) ?? "") });
    router.push(`${path}${writeRequestFilters(wanted)}`);
  };
  return (
    <form className="grid grid-cols-1 items-end gap-3 sm:grid-cols-3" onSubmit={narrow}>
      <label className="flex min-w-0 flex-col gap-1 text-sm">
        {t("status")}
        <select className="field" defaultValue={filters.status ?? ""} name="status">
          <option value="">{t("any")}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {t(`statuses.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="flex min-w-0 flex-col gap-1 text-sm">
        {t("method")}
        <select className="field" defaultValue={filters.method ?? ""} name="method">
          <option value="">{t("any")}</option>
          {METHODS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {WORDS.map((name) => (
        <label className="flex min-w-0 flex-col gap-1 text-sm" key={name}>
          {t(name)}
          <input className="field" defaultValue={filters[name]} maxLength={100} name={name} />
        </label>
      ))}
      {DAYS.map((name) => (
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

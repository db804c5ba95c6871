"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useMemo, useState } from "react";
import { answered } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { type Filters, matches, readFilters, STATUSES, writeFilters } from "./filters";
import { Row } from "./rows";
import { Failed, Loading } from "./states";

const PAGE = 25;
const FIRST_ROWS = 8;

/** All payments, narrowed as the address says. */
export function Payments() {
  const t = useTranslations("payments");
  const words = useSearchParams();
  const filters = useMemo(() => readFilters(words), [words]);
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <FilterForm key={writeFilters(filters)} filters={filters} />
      <List key={`list${writeFilters(filters)}`} filters={filters} />
    </>
  );
}

function FilterForm({ filters }: { filters: Filters }) {
  const t = useTranslations("payments");
  const status = useTranslations("status");
  const router = useRouter();
  const { path } = useWork();
  const narrow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = readFilters({ get: (name) => String(form.get(name) ?? "") });
    router.push(path(`/payments${writeFilters(wanted)}`));
  };
  return (
    <form
      className="grid grid-cols-1 items-end gap-3 sm:grid-cols-[1fr_1fr_1fr_auto_auto]"
      onSubmit={narrow}
    >
      <label className="flex min-w-0 flex-col gap-1 text-sm">
        {t("status")}
        <select className="field" defaultValue={filters.status ?? ""} name="status">
          <option value="">{t("any")}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {status(each)}
            </option>
          ))}
        </select>
      </label>
      <label className="flex min-w-0 flex-col gap-1 text-sm">
        {t("reference")}
        <input
          className="field"
          defaultValue={filters.reference}
          maxLength={100}
          name="reference"
        />
      </label>
      <label className="flex min-w-0 flex-col gap-1 text-sm">
        {t("phone")}
        <input
          className="field"
          defaultValue={filters.phone}
          inputMode="tel"
          maxLength={32}
          name="phone"
        />
      </label>
      <button className="button" type="submit">
        {t("narrow")}
      </button>
      <button className="button-plain" type="button" onClick={() => router.push(path("/payments"))}>
        {t("clear")}
      </button>
    </form>
  );
}

/**
 * The rows. What is there changes in its place; what is new waits above until it is asked for, so that
 * nothing moves under a finger.
 */
function List({ filters }: { filters: Filters }) {
  const t = useTranslations("payments");
  const { api, key } = useWork();
  const { arrivals, arrived } = useLive();
  const [letIn, setLetIn] = useState(() => arrivals.count);
  const list = useInfiniteQuery({
    queryKey: key("charges", "list", filters),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/v1/charges", {
          params: {
            query: {
              limit: PAGE,
              ...filters,
              ...(pageParam === null ? {} : { starting_after: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
  });
  const { data, error, refetch } = list;
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  if (data === undefined) {
    return (
      <div className="card">
        <Loading rows={FIRST_ROWS} />
      </div>
    );
  }
  const fetched = data.pages.flatMap((page) => page.data);
  const known = new Set(fetched.map(({ id }) => id));
  const told = [...arrived.values()];
  const fresh = told.filter(({ charge }) => !known.has(charge.id) && matches(filters, charge));
  const shown = told.filter(
    (at) => known.has(at.charge.id) || (fresh.includes(at) && at.first <= letIn),
  );
  const rows = merge(
    fetched,
    shown.map(({ charge }) => charge),
  );
  const waiting = fresh.filter(({ first }) => first > letIn).length;
  return (
    <section aria-label={t("title")} className="flex flex-col gap-3">
      <div className="min-h-11" role="status">
        {waiting > 0 ? (
          <button
            className="button-plain w-full border-accent"
            type="button"
            onClick={() => setLetIn(arrivals.count)}
          >
            {t("fresh", { count: waiting })}
          </button>
        ) : null}
      </div>
      <div className="card overflow-hidden">
        {rows.length === 0 ? (
          <p className="p-4 text-soft">{t("none")}</p>
        ) : (
          <ul>
            {rows.map((charge) => (
              <li key={charge.id}>
                <Row charge={charge} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {list.hasNextPage ? (
        <button
          className="button-plain self-center"
          disabled={list.isFetchingNextPage}
          type="button"
          onClick={() => void list.fetchNextPage()}
        >
          {t("more")}
        </button>
      ) : null}
    </section>
  );
}

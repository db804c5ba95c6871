"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Failed, Loading } from "./states";

export const PAGE = 25;
const FIRST_ROWS = 6;

/** A part of a list, and whether there is more of it. */
export interface Page<Row> {
  readonly data: Row[];
  readonly has_more: boolean;
}

/** What the API calls a part of a list: so many, behind this id where one is given. */
export interface Part {
  readonly limit: number;
  readonly starting_after?: string;
}

/** A list of the API, part by part as it is asked for. */
export function Paged<Row extends { id: string }>(props: {
  name: readonly unknown[];
  fetch: (part: Part) => Promise<Page<Row>>;
  none: string;
  children: (row: Row) => ReactNode;
}) {
  const { name, fetch, none, children } = props;
  const t = useTranslations("paged");
  const list = useInfiniteQuery({
    queryKey: name,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      fetch({ limit: PAGE, ...(pageParam === null ? {} : { starting_after: pageParam }) }),
    getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
  });
  const { data, error, refetch } = list;
  const rows = data?.pages.flatMap((page) => page.data);
  return (
    <>
      <div className="card overflow-hidden">
        {rows === undefined ? (
          error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={FIRST_ROWS} />
          )
        ) : rows.length === 0 ? (
          <p className="p-4 text-soft">{none}</p>
        ) : (
          <ul>
            {rows.map((row) => (
              <li className="border-line border-b last:border-b-0" key={row.id}>
                {children(row)}
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
    </>
  );
}

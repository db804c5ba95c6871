"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Failed, Loading } from "../states";

const PAGE = 25;
const FIRST_ROWS = 4;
const MOVING_MILLISECONDS = 2_000;
const LOOK_AGAIN_MILLISECONDS = 15_000;

/** What is asked for next, as the API's lists want it. */
export interface Wanted {
  readonly limit: number;
  readonly starting_after?: string;
}

/** A part of a list, and whether there is more of it. */
export interface Fragment<Item> {
  readonly data: Item[];
  readonly has_more: boolean;
}

/** All of a list that was fetched so far, and the way to more of it. */
export interface PagedList<Item> {
  /** Undefined before anything came. */
  readonly items: readonly Item[] | undefined;
  readonly error: Error | null;
  readonly again: () => void;
  readonly hasMore: boolean;
  readonly isFetchingMore: boolean;
  readonly more: () => void;
}

/**
 * A list of the API, page by page. While `isMoving` says so of what there is, it is fetched anew
 * every two seconds, else every fifteen, for as long as nobody has gone further down.
 */
export function usePaged<Item extends { id: string }>(props: {
  queryKey: readonly unknown[];
  fetch: (wanted: Wanted) => Promise<Fragment<Item>>;
  isMoving?: (items: readonly Item[]) => boolean;
  limit?: number;
}): PagedList<Item> {
  const { queryKey, fetch, isMoving, limit = PAGE } = props;
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    {
      queryKey,
      initialPageParam: null as string | null,
      queryFn: ({ pageParam }) =>
        fetch({ limit, ...(pageParam === null ? {} : { starting_after: pageParam }) }),
      getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
      refetchInterval: ({ state }) => {
        const pages = state.data?.pages ?? [];
        if (isMoving?.(pages.flatMap((page) => page.data))) {
          return MOVING_MILLISECONDS;
        }
        return pages.length > 1 ? false : LOOK_AGAIN_MILLISECONDS;
      },
    },
  );
  return {
    items: data?.pages.flatMap((page) => page.data),
    error,
    again: () => void refetch(),
    hasMore: hasNextPage,
    isFetchingMore: isFetchingNextPage,
    more: () => void fetchNextPage(),
  };
}

/** The rows of such a list; `children` makes one. */
export function Paged<Item extends { id: string }>(props: {
  list: PagedList<Item>;
  none: string;
  children: (item: Item) => ReactNode;
}) {
  const { list, none, children } = props;
  const { items, error } = list;
  return (
    <>
      <div className="card overflow-hidden">
        {items === undefined ? (
          error === null ? (
            <Loading rows={FIRST_ROWS} />
          ) : (
            <Failed again={list.again} error={error} />
          )
        ) : items.length === 0 ? (
          <p className="p-4 text-soft">{none}</p>
        ) : (
          <ul>
            {items.map((item) => (
              <li className="border-line border-b last:border-b-0" key={item.id}>
                {children(item)}
              </li>
            ))}
          </ul>
        )}
      </div>
      <More list={list} />
    </>
  );
}

/** A list that is fetched and shown in one place. */
export function Fetched<Item extends { id: string }>(props: {
  name: readonly unknown[];
  fetch: (wanted: Wanted) => Promise<Fragment<Item>>;
  none: string;
  children: (item: Item) => ReactNode;
}) {
  const { name, fetch, none, children } = props;
  const list = usePaged({ queryKey: name, fetch });
  return (
    <Paged list={list} none={none}>
      {children}
    </Paged>
  );
}

/** The button that asks for what comes next. */
export function More({ list }: { list: Omit<PagedList<unknown>, "items"> }) {
  const t = useTranslations("parts");
  return list.hasMore ? (
    <button
      aria-disabled={list.isFetchingMore}
      className="button-plain self-center"
      type="button"
      onClick={list.isFetchingMore ? undefined : list.more}
    >
      {t("more")}
    </button>
  ) : null;
}

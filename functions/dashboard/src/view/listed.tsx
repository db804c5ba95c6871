"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { type ReactNode, useState } from "react";
import { useWork } from "@/session/work";
import { held, type Mark, NOTHING } from "./held";
import { Failed, Loading } from "./states";

const FIRST_ROWS = 6;

interface Page<Row> {
  readonly data: Row[];
  readonly has_more: boolean;
}

/**
 * A list that is fetched page by page. What is there changes in its place; what is new waits above
 * until it is asked for, so that nothing moves under a finger.
 */
export function Listed<Row extends Mark>(props: {
  label: string;
  /** The list among all that is fetched. */
  name: readonly unknown[];
  fetch: (after: string | null) => Promise<Page<Row>>;
  row: (row: Row) => ReactNode;
  none: string;
  /** Its rows are in an order of their own, and none comes later. */
  isWhole?: boolean;
  everyMilliseconds?: number | false;
}) {
  const { label, name, fetch, row, none, isWhole = false, everyMilliseconds = false } = props;
  const t = useTranslations("listed");
  const { key } = useWork();
  const [mark, setMark] = useState<Mark | null>(null);
  const list = useInfiniteQuery({
    queryKey: key(...name),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => fetch(pageParam),
    getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
    refetchInterval: ({ state }) =>
      (state.data?.pages.length ?? 0) < 2 ? everyMilliseconds : false,
  });
  const { data, error, refetch } = list;
  if (data === undefined) {
    return (
      <div className="card">
        {error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={FIRST_ROWS} />
        )}
      </div>
    );
  }
  const rows = data.pages.flatMap((page) => page.data);
  const first = rows[0] ?? NOTHING;
  // What was kept from an earlier visit is shown at once, and what came since is not news to anybody.
  if (mark === null && (list.isFetchedAfterMount || !list.isFetching)) {
    setMark(first);
  }
  const { shown, waiting } = isWhole ? { shown: rows, waiting: 0 } : held(rows, mark ?? first);
  return (
    <section aria-label={label} className="flex flex-col gap-3">
      {isWhole ? null : (
        <div className="min-h-11" role="status">
          {waiting > 0 ? (
            <button
              className="button-plain w-full border-accent"
              type="button"
              onClick={() => setMark(first)}
            >
              {t("fresh", { count: waiting })}
            </button>
          ) : null}
        </div>
      )}
      <div className="card overflow-hidden">
        {shown.length === 0 ? (
          <p className="p-4 text-soft">{none}</p>
        ) : (
          <ul>
            {shown.map((each) => (
              <li key={each.id}>{row(each)}</li>
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

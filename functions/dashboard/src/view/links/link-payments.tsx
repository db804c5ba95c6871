"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { Part } from "../parts/heading";
import { More } from "../parts/paged";
import { Row } from "../rows";
import { Failed, Loading } from "../states";
import type { PaymentLink } from "./link-terms";

const PAGE = 25;

/** What was paid on a link, as it arrives. */
export function LinkPayments({ link }: { link: PaymentLink }) {
  const t = useTranslations("links");
  const { api, key } = useWork();
  const { arrived } = useLive();
  const list = useInfiniteQuery({
    queryKey: key("charges", "link", link.id),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/v1/charges", {
          params: {
            query: {
              limit: PAGE,
              payment_link: link.id,
              ...(pageParam === null ? {} : { starting_after: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
  });
  const { data, error } = list;
  const fetched = data?.pages.flatMap((page) => page.data) ?? [];
  const rows = merge(
    fetched,
    [...arrived.values()].map(({ charge }) => charge).filter(({ page }) => page === link.id),
  );
  return (
    <Part title={t("payments")}>
      <div className="card overflow-hidden">
        {data === undefined ? (
          error === null ? (
            <Loading rows={2} />
          ) : (
            <Failed again={() => void list.refetch()} error={error} />
          )
        ) : rows.length === 0 ? (
          <p className="p-4 text-soft">{t("no_payments")}</p>
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
      <More
        list={{
          error,
          again: () => void list.refetch(),
          hasMore: list.hasNextPage,
          isFetchingMore: list.isFetchingNextPage,
          more: () => void list.fetchNextPage(),
        }}
      />
    </Part>
  );
}

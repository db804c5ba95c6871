"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useState } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { apart } from "@/text/apart";
import { Dialog } from "../dialog";
import { Failed, Loading } from "../states";
import { CustomerForm } from "./form";
import { readSearch } from "./search";

type Kept = components["schemas"]["Customer"];

const PAGE = 25;
const FIRST_ROWS = 6;

/** Whom the merchant sells to, narrowed as the address says. */
export function Customers() {
  const t = useTranslations("customers");
  const words = useSearchParams().get("q") ?? "";
  const router = useRouter();
  const { path } = useWork();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="font-semibold text-xl">{t("title")}</h1>
        <button className="button" type="button" onClick={() => setOpen(true)}>
          {t("new")}
        </button>
      </div>
      <Search key={`search${words}`} words={words} />
      <List key={words} words={words} />
      <Dialog close={() => setOpen(false)} isOpen={isOpen} title={t("new")}>
        <CustomerForm done={({ id }) => router.push(path(`/customers/${id}`))} />
      </Dialog>
    </>
  );
}

function Search({ words }: { words: string }) {
  const t = useTranslations("customers");
  const router = useRouter();
  const { path } = useWork();
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get("q") ?? "").trim();
    router.push(
      path(typed === "" ? "/customers" : `/customers?${new URLSearchParams({ q: typed })}`),
    );
  };
  return (
    <search>
      <form className="flex flex-wrap items-end gap-3" onSubmit={search}>
        <label className="flex min-w-0 flex-1 basis-56 flex-col gap-1 text-sm">
          {t("search")}
          <input className="field" defaultValue={words} maxLength={254} name="q" type="search" />
        </label>
        <button className="button-plain" type="submit">
          {t("find")}
        </button>
      </form>
    </search>
  );
}

function List({ words }: { words: string }) {
  const t = useTranslations("customers");
  const { api, key } = useWork();
  const list = useInfiniteQuery({
    queryKey: key("customers", "list", words),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/v1/customers", {
          params: {
            query: {
              limit: PAGE,
              ...readSearch(words),
              ...(pageParam === null ? {} : { starting_after: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => (page.has_more ? (page.data.at(-1)?.id ?? null) : null),
  });
  const { data, error, refetch } = list;
  if (data === undefined) {
    return (
      <div className="card">
        {error === null ? (
          <Loading rows={FIRST_ROWS} />
        ) : (
          <Failed error={error} again={() => void refetch()} />
        )}
      </div>
    );
  }
  const rows = data.pages.flatMap((page) => page.data);
  return (
    <section aria-label={t("title")} className="flex flex-col gap-3">
      <div className="card overflow-hidden">
        {rows.length === 0 ? (
          <p className="p-4 text-soft">{t(words === "" ? "none" : "not_found")}</p>
        ) : (
          <ul>
            {rows.map((customer) => (
              <li className="border-line border-b last:border-b-0" key={customer.id}>
                <Row customer={customer} />
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

function Row({ customer }: { customer: Kept }) {
  const { path } = useWork();
  const { id, name, phone, email, reference } = customer;
  return (
    <Link
      className="flex min-h-16 flex-col justify-center px-4 py-2 hover:bg-paper"
      href={path(`/customers/${id}`)}
      prefetch={false}
    >
      <span className="truncate font-semibold">{nameOf(customer)}</span>
      <span className="truncate text-soft text-sm">
        {[name === null ? null : reference, phone, email]
          .filter((each) => each !== null)
          .map(apart)
          .join(" · ")}
      </span>
    </Link>
  );
}

/** What a customer is called where there may be no name. */
export function nameOf({ id, name, reference }: Kept): string {
  return name ?? reference ?? id;
}

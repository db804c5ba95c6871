"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { type ReactNode, useState } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { Dialog } from "../dialog";
import { Row } from "../rows";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { nameOf } from "./customers";
import { CustomerForm } from "./form";

type Kept = components["schemas"]["Customer"];

const LATEST = 25;
const ROWS = 4;

/** One customer: who it is, and what it paid. */
export function Customer({ id }: { id: string }) {
  const t = useTranslations("customer");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("customer", id),
    queryFn: () => answered(api.GET("/v1/customers/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Link className="text-accent underline" href={path("/customers")}>
        {t("back")}
      </Link>
      {data === undefined ? (
        <div className="card">
          <h1 className="sr-only">{t("title")}</h1>
          {error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      ) : "deleted" in data ? (
        <h1 className="font-semibold text-xl">{t("deleted")}</h1>
      ) : (
        <Facts customer={data} />
      )}
      <Paid id={id} />
    </>
  );
}

function Facts({ customer }: { customer: Kept }) {
  const t = useTranslations("customer");
  const [isOpen, setOpen] = useState(false);
  const { phone, email, reference, description, created, id } = customer;
  const locale = customer.preferred_locale;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <h1 className="font-semibold text-2xl [overflow-wrap:anywhere]">{nameOf(customer)}</h1>
      <dl className="grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2">
        <Fact name={t("phone")}>{phone}</Fact>
        <Fact name={t("email")}>{email}</Fact>
        <Fact name={t("reference")}>{reference}</Fact>
        <Fact name={t("description")}>{description}</Fact>
        <Fact name={t("preferred_locale")}>
          {locale === null ? null : { fr: "Français", en: "English" }[locale]}
        </Fact>
        <Fact name={t("created")}>
          <Time seconds={created} />
        </Fact>
        <Fact name={t("id")}>{id}</Fact>
      </dl>
      <button className="button-plain self-start" type="button" onClick={() => setOpen(true)}>
        {t("change")}
      </button>
      <Dialog close={() => setOpen(false)} isOpen={isOpen} title={t("change")}>
        <CustomerForm customer={customer} done={() => setOpen(false)} />
      </Dialog>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return children === null ? null : (
    <div className="min-w-0">
      <dt className="text-soft text-sm">{name}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}

/** The latest payments of a customer; each changes in its place as it goes. */
function Paid({ id }: { id: string }) {
  const t = useTranslations("customer");
  const { api, key } = useWork();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "customer", id),
    queryFn: () =>
      answered(api.GET("/v1/charges", { params: { query: { customer: id, limit: LATEST } } })),
  });
  const known = new Set(data?.data.map((charge) => charge.id));
  const told = [...arrived.values()].map(({ charge }) => charge);
  const rows = merge(
    data?.data ?? [],
    told.filter((charge) => known.has(charge.id) || charge.customer === id),
  );
  return (
    <section aria-labelledby="paid" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="paid">
        {t("payments")}
      </h2>
      <div className="card overflow-hidden">
        {data === undefined ? (
          error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
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
      {data?.has_more ? <p className="text-soft text-sm">{t("more", { count: LATEST })}</p> : null}
    </section>
  );
}

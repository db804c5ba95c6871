"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useMemo } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Listed } from "../listed";
import { MoneyOut } from "../money-out";
import {
  PAYOUT_STATUSES,
  type PayoutFilters,
  readPayoutFilters,
  writePayoutFilters,
} from "./filters";
import { PayoutRow } from "./row";

const PAGE = 25;

/** All payouts, narrowed as the address says. */
export function Payouts() {
  const t = useTranslations("payouts");
  const { api, path } = useWork();
  const words = useSearchParams();
  const filters = useMemo(() => readPayoutFilters(words), [words]);
  const written = writePayoutFilters(filters);
  return (
    <MoneyOut>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="font-semibold text-xl">{t("title")}</h1>
        <div className="flex flex-wrap gap-3">
          <Link className="button" href={path("/payouts/new")} prefetch={false}>
            {t("new")}
          </Link>
          <Link className="button-plain" href={path("/batches/new")} prefetch={false}>
            {t("many")}
          </Link>
        </div>
      </div>
      <FilterForm key={written} filters={filters} />
      <Listed
        key={`list${written}`}
        fetch={(after) =>
          answered(
            api.GET("/v1/payouts", {
              params: {
                query: {
                  limit: PAGE,
                  ...filters,
                  ...(after === null ? {} : { starting_after: after }),
                },
              },
            }),
          )
        }
        label={t("title")}
        name={["payouts", "list", filters]}
        none={t("none")}
        row={(payout) => <PayoutRow payout={payout} />}
      />
    </MoneyOut>
  );
}

function FilterForm({ filters }: { filters: PayoutFilters }) {
  const t = useTranslations("payouts");
  const status = useTranslations("payout_status");
  const router = useRouter();
  const { path } = useWork();
  const narrow = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = readPayoutFilters({ get: (name) => String(form.get(name) ?? "") });
    router.push(path(`/payouts${writePayoutFilters(wanted)}`));
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
          {PAYOUT_STATUSES.map((each) => (
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
      <button className="button-plain" type="button" onClick={() => router.push(path("/payouts"))}>
        {t("clear")}
      </button>
    </form>
  );
}

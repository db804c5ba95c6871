"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { PayoutBatchStatus } from "@/api/money-out";
import { useWork } from "@/session/work";
import { Listed } from "../listed";
import { MoneyOut } from "../money-out";
import { BatchRow } from "./row";

const PAGE = 25;
const STATUSES = [
  "requires_approval",
  "processing",
  "completed",
  "canceled",
  "rejected",
] as const satisfies readonly PayoutBatchStatus[];

/** All batches, of the status that the address says. */
export function Batches() {
  const t = useTranslations("batches");
  const states = useTranslations("payout_status");
  const { api, path } = useWork();
  const router = useRouter();
  const words = useSearchParams();
  const status = STATUSES.find((each) => each === words.get("status"));
  return (
    <MoneyOut>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="font-semibold text-xl">{t("title")}</h1>
        <Link className="button" href={path("/batches/new")} prefetch={false}>
          {t("new")}
        </Link>
      </div>
      <label className="flex max-w-xs flex-col gap-1 text-sm">
        {t("status")}
        <select
          className="field"
          value={status ?? ""}
          onChange={({ target }) =>
            router.push(path(`/batches${target.value && `?status=${target.value}`}`))
          }
        >
          <option value="">{t("any")}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {states(each)}
            </option>
          ))}
        </select>
      </label>
      <Listed
        key={status ?? ""}
        fetch={(after) =>
          answered(
            api.GET("/v1/payout_batches", {
              params: {
                query: {
                  limit: PAGE,
                  ...(status === undefined ? {} : { status }),
                  ...(after === null ? {} : { starting_after: after }),
                },
              },
            }),
          )
        }
        label={t("title")}
        name={["batches", "list", status ?? ""]}
        none={t("none")}
        row={(batch) => <BatchRow batch={batch} />}
      />
    </MoneyOut>
  );
}

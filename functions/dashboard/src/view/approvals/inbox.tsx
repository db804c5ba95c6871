"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { BatchRow } from "../batches/row";
import { Listed } from "../listed";
import { MoneyOut } from "../money-out";
import { PayoutRow } from "../payouts/row";

const PAGE = 25;
const EVERY_MILLISECONDS = 30_000;
const STATUS = "requires_approval";

/** What waits for a second person. She decides on the page of each, where she sees all of it. */
export function Inbox() {
  const t = useTranslations("approvals");
  const { api } = useWork();
  const query = (after: string | null) =>
    ({
      limit: PAGE,
      status: STATUS,
      ...(after === null ? {} : { starting_after: after }),
    }) as const;
  return (
    <MoneyOut>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <p className="text-soft">{t("what")}</p>
      <h2 className="font-semibold text-lg">{t("payouts")}</h2>
      <Listed
        everyMilliseconds={EVERY_MILLISECONDS}
        fetch={(after) => answered(api.GET("/v1/payouts", { params: { query: query(after) } }))}
        label={t("payouts")}
        name={["payouts", "waiting"]}
        none={t("no_payouts")}
        row={(payout) => <PayoutRow payout={payout} />}
      />
      <h2 className="font-semibold text-lg">{t("batches")}</h2>
      <Listed
        everyMilliseconds={EVERY_MILLISECONDS}
        fetch={(after) =>
          answered(api.GET("/v1/payout_batches", { params: { query: query(after) } }))
        }
        label={t("batches")}
        name={["batches", "waiting"]}
        none={t("no_batches")}
        row={(batch) => <BatchRow batch={batch} />}
      />
    </MoneyOut>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { TopUp } from "@/api/money-out";
import { useWork } from "@/session/work";
import { apart } from "@/text/apart";
import { formatAmount } from "@/text/money";
import { Available } from "./available";
import { Listed } from "./listed";
import { MoneyOut } from "./money-out";
import { Time } from "./time";

const PAGE = 25;

/** What the merchant put in by itself. */
export function TopUps() {
  const t = useTranslations("topups");
  const { api } = useWork();
  return (
    <MoneyOut>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <Available />
      <p className="text-soft">{t("what")}</p>
      <Listed
        fetch={(after) =>
          answered(
            api.GET("/v1/topups", {
              params: {
                query: { limit: PAGE, ...(after === null ? {} : { starting_after: after }) },
              },
            }),
          )
        }
        label={t("title")}
        name={["topups", "list"]}
        none={t("none")}
        row={(topup) => <Row topup={topup} />}
      />
    </MoneyOut>
  );
}

function Row({ topup }: { topup: TopUp }) {
  const t = useTranslations("topups");
  return (
    <div className="grid min-h-16 grid-cols-[minmax(0,1fr)_7.5rem] content-center gap-x-3 gap-y-0.5 border-line border-b px-4 py-2">
      <span className="whitespace-nowrap font-semibold tabular-nums">
        {formatAmount(topup.amount)}
      </span>
      <Time className="whitespace-nowrap text-soft text-sm" seconds={topup.created} />
      <span className="col-span-2 text-soft text-sm [overflow-wrap:anywhere]">
        {`${t(topup.method)} · ${apart(topup.reference)}`}
      </span>
    </div>
  );
}

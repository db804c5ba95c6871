"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { ApiError, answered } from "@/api/client";
import type { Settlement as Rule } from "@/api/money-out";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { MoneyOut } from "../money-out";
import { Fact, Facts } from "../parts/facts";
import { OPERATORS } from "../payouts/row";
import { Person } from "../person";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { DAYS } from "./body";
import { EndSettlement } from "./end";
import { SettlementForm } from "./form";

const ROWS = 3;
const NOT_FOUND = 404;

/** Where what is available goes by itself, if it does. */
export function Settlement() {
  const t = useTranslations("settlement");
  const { api, key } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("settlement"),
    queryFn: async () => {
      try {
        return await answered(api.GET("/v1/account/settlement", {}));
      } catch (failure) {
        if (failure instanceof ApiError && failure.status === NOT_FOUND) {
          return null;
        }
        throw failure;
      }
    },
  });
  return (
    <MoneyOut>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <p className="text-soft">{t("what")}</p>
      {data !== undefined ? (
        <>
          {data === null ? <p className="card p-4">{t("none")}</p> : <Holds rule={data} />}
          <SettlementForm isAnother={data !== null} />
        </>
      ) : (
        <div className="card">
          {error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      )}
    </MoneyOut>
  );
}

function Holds({ rule }: { rule: Rule }) {
  const t = useTranslations("settlement");
  const { destination, every, weekday, hour, minimum, keep_back: kept } = rule;
  return (
    <section aria-labelledby="holds" className="card flex flex-col gap-4 p-4">
      <h2 className="font-semibold text-lg" id="holds">
        {every === "daily"
          ? t("daily_at", { hour })
          : t("weekly_at", { day: t(`days.${DAYS[(weekday ?? 1) - 1] ?? "monday"}`), hour })}
      </h2>
      <Facts>
        <Fact name={t("phone")}>{`${destination.phone} · ${OPERATORS[destination.operator]}`}</Fact>
        <Fact name={t("name")}>{destination.name}</Fact>
        <Fact name={t("minimum")}>{formatAmount(minimum)}</Fact>
        <Fact name={t("keep_back")}>{formatAmount(kept)}</Fact>
        <Fact name={t("set_by")}>
          <Person id={rule.set_by} />
        </Fact>
        <Fact name={t("since")}>
          <Time isExact seconds={rule.created} />
        </Fact>
      </Facts>
      <EndSettlement />
    </section>
  );
}

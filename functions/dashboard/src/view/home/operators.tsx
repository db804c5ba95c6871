"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered, type Charge } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { OPERATORS } from "../rows";
import { figures } from "./since";

type Offer = components["schemas"]["OperatorOffer"];
type State = Offer["charges"]["status"] | "slow" | "unknown";

const LOOK_AGAIN_MILLISECONDS = 30_000;
const LOOKS = {
  available: { mark: "✓", color: "text-good" },
  slow: { mark: "◔", color: "text-wait" },
  unavailable: { mark: "✕", color: "text-bad" },
  not_served: { mark: "–", color: "text-soft" },
  unknown: { mark: "…", color: "text-soft" },
} as const satisfies Record<State, { mark: string; color: string }>;

/** What each operator brought today, and whether it takes payments now. */
export function Operators({ charges }: { charges: readonly Charge[] | null }) {
  const t = useTranslations("operators");
  const { api, key } = useWork();
  const { data } = useQuery({
    queryKey: key("operators"),
    queryFn: () => answered(api.GET("/v1/operators", {})),
    refetchInterval: LOOK_AGAIN_MILLISECONDS,
  });
  return (
    <section aria-labelledby="operators" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="operators">
        {t("title")}
      </h2>
      <ul className="grid grid-cols-1 gap-2 sm:grid-cols-2">
        {(["mtn", "orange"] as const).map((operator) => {
          const state = stateOf(data?.data.find(({ id }) => id === operator));
          const { mark, color } = LOOKS[state];
          const of = charges?.filter(
            ({ payment_method_details: { mobile_money } }) => mobile_money.operator === operator,
          );
          const { francs, succeeded } = figures(of ?? []);
          return (
            <li className="card flex min-h-20 flex-col justify-center px-4 py-2" key={operator}>
              <div className="flex justify-between gap-x-3">
                <h3 className="whitespace-nowrap font-medium">{OPERATORS[operator]}</h3>
                <p className={`text-right font-medium text-sm ${color}`}>
                  <span aria-hidden="true">{mark} </span>
                  {t(state)}
                </p>
              </div>
              <p className="tabular-nums">
                <span className="font-semibold">
                  {of === undefined ? "…" : formatAmount(francs)}
                </span>{" "}
                <span className="text-soft text-sm">
                  {of === undefined ? "" : t("payments", { count: succeeded })}
                </span>
              </p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** It may take payments and yet not say how they end: that comes later then. */
function stateOf(offer: Offer | undefined): State {
  if (offer === undefined) {
    return "unknown";
  }
  const { charges, confirmations } = offer;
  return charges.status === "available" && confirmations.status !== "available"
    ? "slow"
    : charges.status;
}

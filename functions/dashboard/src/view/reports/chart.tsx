"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { lastDays } from "@/text/day";
import { formatAmount } from "@/text/money";
import { clock } from "@/text/time";
import { fetchSince } from "../home/since";
import { Day } from "../parts/day";
import { Part } from "../parts/heading";
import { Failed } from "../states";
import { best, byDay, type DayFigures, heights } from "./days";

const DAYS = 14;
const STEP = 20;
const BAR = 14;
const HEIGHT = 90;

/** What came in each day of two weeks, as it arrives: bars to glance at, and the figures. */
export function Chart() {
  const t = useTranslations("reports");
  const { api, key } = useWork();
  const { arrived } = useLive();
  const [starts] = useState(() => lastDays(clock.now(), DAYS));
  const since = starts[0] ?? 0;
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "since", since),
    queryFn: () => fetchSince(api, since),
  });
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed again={() => void refetch()} error={error} />
      </div>
    );
  }
  const told = [...arrived.values()].map(({ charge }) => charge);
  const days = byDay(
    merge(data?.charges ?? [], told).filter(({ created }) => created >= since),
    starts,
    data?.isCut ?? false,
  );
  return (
    <Part title={t("chart")}>
      <figure aria-busy={data === undefined || undefined} className="card flex flex-col gap-3 p-4">
        <p className="text-soft text-sm">
          {data === undefined ? "…" : t("best", { amount: formatAmount(best(days)) })}
        </p>
        <Bars days={days} />
        <figcaption className="flex justify-between gap-3 text-soft text-sm">
          <Day seconds={since} />
          <Day seconds={starts.at(-1) ?? since} />
        </figcaption>
        {data?.isCut ? <p className="text-soft text-sm">{t("cut")}</p> : null}
        <details>
          <summary className="flex min-h-11 cursor-pointer items-center text-accent underline">
            {t("figures")}
          </summary>
          <Figures days={days} />
        </details>
      </figure>
    </Part>
  );
}

function Bars({ days }: { days: readonly DayFigures[] }) {
  const t = useTranslations("reports");
  return (
    <svg
      aria-label={t("chart_label")}
      className="h-36 w-full"
      preserveAspectRatio="none"
      role="img"
      viewBox={`0 0 ${DAYS * STEP} ${HEIGHT + 1}`}
    >
      <line
        className="stroke-line"
        vectorEffect="non-scaling-stroke"
        x1={0}
        x2={DAYS * STEP}
        y1={HEIGHT + 0.5}
        y2={HEIGHT + 0.5}
      />
      {heights(days, HEIGHT).map((height, place) => (
        <rect
          key={days[place]?.start}
          className="fill-accent"
          height={height}
          width={BAR}
          x={place * STEP + (STEP - BAR) / 2}
          y={HEIGHT - height}
        />
      ))}
    </svg>
  );
}

function Figures({ days }: { days: readonly DayFigures[] }) {
  const t = useTranslations("reports");
  return (
    <table className="w-full text-left text-sm tabular-nums">
      <thead>
        <tr className="border-line border-b">
          <th className="py-1 font-medium" scope="col">
            {t("day")}
          </th>
          <th className="py-1 pl-3 text-right font-medium" scope="col">
            {t("paid")}
          </th>
          <th className="py-1 pl-3 text-right font-medium" scope="col">
            {t("received")}
          </th>
        </tr>
      </thead>
      <tbody>
        {days.toReversed().map(({ start, paid }) => (
          <tr key={start} className="border-line border-b last:border-b-0">
            <th className="py-1 font-normal" scope="row">
              <Day isShort seconds={start} />
            </th>
            <td className="py-1 pl-3 text-right">{paid?.count ?? "—"}</td>
            <td className="py-1 pl-3 text-right">
              {paid === null ? "—" : formatAmount(paid.francs)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { useFailure } from "../states";

const MOST = 100;
const LOOK_AGAIN_MILLISECONDS = 60_000;

/** What waits for a person: payouts for a second pair of eyes, money that came too late. */
export function Decisions() {
  const t = useTranslations("decisions");
  const { api, key, path } = useWork();
  const payouts = useQuery({
    queryKey: key("payouts", "to_approve"),
    queryFn: () =>
      answered(
        api.GET("/v1/payouts", { params: { query: { status: "requires_approval", limit: MOST } } }),
      ),
    refetchInterval: LOOK_AGAIN_MILLISECONDS,
  });
  const late = useQuery({
    queryKey: key("late_payments", "open"),
    queryFn: () =>
      answered(
        api.GET("/v1/late_payments", { params: { query: { status: "open", limit: MOST } } }),
      ),
    refetchInterval: LOOK_AGAIN_MILLISECONDS,
  });
  return (
    <section aria-labelledby="decisions" className="flex flex-col gap-3">
      <h2 className="font-semibold text-lg" id="decisions">
        {t("title")}
      </h2>
      <ul className="grid grid-cols-1 gap-2 sm:grid-cols-2">
        <Waiting href={path("/approvals")} name={t("payouts")} of={payouts} />
        <Waiting href={path("/late-payments")} name={t("late")} of={late} />
      </ul>
    </section>
  );
}

interface Counted {
  readonly data: { data: readonly unknown[]; has_more: boolean } | undefined;
  readonly error: Error | null;
}

/** How many wait, and the way to them; in its place whether there are any or not. */
function Waiting({ name, href, of }: { name: string; href: string; of: Counted }) {
  const t = useTranslations("decisions");
  const failure = useFailure();
  const { data, error } = of;
  const count = data?.data.length ?? 0;
  const said =
    data === undefined
      ? error === null
        ? "…"
        : failure(error)
      : count === 0
        ? t("nothing")
        : `${count}${data.has_more ? "+" : ""}`;
  return (
    <li className="card">
      <Link
        className="flex min-h-12 items-center justify-between gap-3 px-4 py-2"
        href={href}
        prefetch={false}
      >
        <span className={count > 0 ? "font-semibold" : "text-soft"}>{name}</span>
        <span className={count > 0 ? "font-semibold text-wait tabular-nums" : "text-soft text-sm"}>
          {said}
        </span>
      </Link>
    </li>
  );
}

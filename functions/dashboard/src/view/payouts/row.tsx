"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import type { Operator, Payout } from "@/api/money-out";
import { useWork } from "@/session/work";
import { apart } from "@/text/apart";
import { formatAmount } from "@/text/money";
import { Time } from "../time";
import { PayoutState } from "./state";

export const OPERATORS = {
  mtn: "MTN MoMo",
  orange: "Orange Money",
} as const satisfies Readonly<Record<Operator, string>>;

/** Who is paid: the number as far as it is shown, the operator, and the name that was given. */
export function payee({ destination }: Payout): string {
  const { phone, operator, name } = destination;
  return [name === null ? null : apart(name), phone, OPERATORS[operator]]
    .filter((each) => each !== null)
    .join(" · ");
}

/** One line of a list, in places that are the same whatever stands in them. */
export function Line(props: {
  href: string;
  amount: number;
  state: ReactNode;
  about: string;
  seconds: number;
}) {
  const { href, amount, state, about, seconds } = props;
  return (
    <Link
      className="grid h-16 grid-cols-[minmax(0,1fr)_7.5rem] content-center gap-x-3 gap-y-0.5 border-line border-b px-4 hover:bg-paper"
      href={href}
      prefetch={false}
    >
      <span className="whitespace-nowrap font-semibold tabular-nums">{formatAmount(amount)}</span>
      {state}
      <span className="truncate text-soft text-sm">{about}</span>
      <Time className="whitespace-nowrap text-soft text-sm" seconds={seconds} />
    </Link>
  );
}

export function PayoutRow({ payout }: { payout: Payout }) {
  const { path } = useWork();
  return (
    <Line
      about={payee(payout)}
      amount={payout.amount}
      href={path(`/payouts/${payout.id}`)}
      seconds={payout.created}
      state={<PayoutState status={payout.status} />}
    />
  );
}

"use client";

import Link from "next/link";
import type { Charge } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Status } from "./status";
import { Time } from "./time";

export const OPERATORS = { mtn: "MTN MoMo", orange: "Orange Money" } as const;

/** Who paid: the operator, and the number as far as it is shown. */
export function payer(charge: Charge): string {
  const { operator, phone } = charge.payment_method_details.mobile_money;
  return phone === null ? OPERATORS[operator] : `${phone} · ${OPERATORS[operator]}`;
}

/** One payment, in places that are the same whatever stands in them. */
export function Row({ charge }: { charge: Charge }) {
  const { path } = useWork();
  return (
    <Link
      prefetch={false}
      className="grid h-16 grid-cols-[minmax(0,1fr)_6.5rem] content-center gap-x-3 gap-y-0.5 border-line border-b px-4 hover:bg-paper"
      href={path(`/payments/${charge.id}`)}
    >
      <span className="whitespace-nowrap font-semibold tabular-nums">
        {formatAmount(charge.amount)}
      </span>
      <Status status={charge.status} />
      <span className="truncate text-soft text-sm">{payer(charge)}</span>
      <Time className="whitespace-nowrap text-soft text-sm" seconds={charge.created} />
    </Link>
  );
}

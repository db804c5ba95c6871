"use client";

import { useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { Ask, AskReason } from "../../ask";
import { Fact, Facts } from "../../parts/facts";
import { Time } from "../../time";
import { Who } from "../../who";
import { useSide } from "./side";

/** One booking by hand: what was proposed, and what another administrator makes of it. */
export function Booking({ booking }: { booking: components["schemas"]["Booking"] }) {
  const t = useTranslations("bookings");
  const ask = useTranslations("ask");
  const platform = useTranslations("platform");
  const side = useSide();
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const decided = () => void queries.invalidateQueries({ queryKey: key() });
  const path = { id: booking.id };
  return (
    <article aria-label={booking.id} className="flex flex-col gap-3 p-4">
      <p className="flex flex-wrap justify-between gap-x-3 font-medium">
        <span>
          {t(`kinds.${booking.kind}`)} · {platform(booking.mode)}
        </span>
        <span className="tabular-nums">{formatAmount(booking.amount)}</span>
      </p>
      <Facts>
        <Fact name={platform("state")}>{t(`statuses.${booking.status}`)}</Fact>
        <Fact name={t("account")}>
          <Link className="text-accent underline" href={`/platform/accounts/${booking.account}`}>
            {booking.account}
          </Link>
        </Fact>
        <Fact name={t("debit")}>{side(booking.debit)}</Fact>
        <Fact name={t("credit")}>{side(booking.credit)}</Fact>
        <Fact name={t("about")}>{booking.about}</Fact>
        <Fact name={t("case")}>
          {booking.case === null ? null : (
            <Link className="text-accent underline" href={`/platform/cases/${booking.case}`}>
              {booking.case}
            </Link>
          )}
        </Fact>
        <Fact name={t("operator_account")}>{booking.operator_account}</Fact>
        <Fact name={t("operator_transaction")}>{booking.operator_transaction}</Fact>
        <Fact name={ask("reason")}>{booking.reason}</Fact>
        <Fact name={t("proposed_by")}>
          <Who id={booking.proposed_by} /> · <Time seconds={booking.proposed_at} />
        </Fact>
        <Fact name={t("decided_by")}>
          {booking.decided_by === null ? null : <Who id={booking.decided_by} />}
        </Fact>
        <Fact name={t("adjustment")}>{booking.adjustment}</Fact>
      </Facts>
      {booking.status === "open" ? (
        <div className="flex flex-wrap gap-3">
          <Ask
            button={t("approve")}
            done={decided}
            initial={{ content_sha256: booking.content_sha256 }}
            isGrave
            name={`approve_booking.${booking.id}`}
            send={(body) =>
              answered(api.POST("/v1/platform/bookings/{id}/approve", { params: { path }, body }))
            }
            title={t("approve_title", { amount: formatAmount(booking.amount) })}
          >
            {() => <p>{t("approve_line")}</p>}
          </Ask>
          <AskReason
            button={t("reject")}
            done={decided}
            name={`reject_booking.${booking.id}`}
            send={(reason) =>
              answered(
                api.POST("/v1/platform/bookings/{id}/reject", {
                  params: { path },
                  body: { reason },
                }),
              )
            }
            title={t("reject_title")}
          />
        </div>
      ) : null}
    </article>
  );
}

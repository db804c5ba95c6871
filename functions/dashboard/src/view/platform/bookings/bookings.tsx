"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../../parts/paged";
import { Booking } from "./booking";
import { ProposeBooking } from "./propose";

/** What two administrators book by hand in accounts' ledgers, newest first. */
export function Bookings() {
  const t = useTranslations("bookings");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  return (
    <>
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-3">
        <h1 className="font-semibold text-xl">{platform("bookings")}</h1>
        <ProposeBooking />
      </div>
      <p className="text-soft">{t("line")}</p>
      <Fetched
        fetch={(query) => answered(api.GET("/v1/platform/bookings", { params: { query } }))}
        name={key("bookings")}
        none={t("none")}
      >
        {(booking) => <Booking booking={booking} />}
      </Fetched>
    </>
  );
}

"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useEffect, useRef } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Ask } from "../ask";
import { Choice } from "../form";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Failed, Loading } from "../states";
import { Time } from "../time";

const HOUR = 3600;
const DAY = 24 * HOUR;
const SPANS = { hour: HOUR, day: DAY, days: 3 * DAY, week: 7 * DAY, month: 31 * DAY } as const;
const NAMES = ["hour", "day", "days", "week", "month"] as const satisfies (keyof typeof SPANS)[];
const LOOK_MILLISECONDS = 1000;

/** What time it is in the test mode, and a way to let some pass. */
export function TestClock() {
  const t = useTranslations("test_clock");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: key("test_clock"),
    queryFn: () => answered(api.GET("/v1/test_clock", {})),
    refetchInterval: ({ state }) =>
      state.data?.status === "advancing" ? LOOK_MILLISECONDS : false,
  });
  // What came due by it has happened: all that is shown here may be another.
  const wasMoving = useRef(false);
  const isMoving = data?.status === "advancing";
  useEffect(() => {
    if (wasMoving.current && !isMoving) {
      void queries.invalidateQueries({ queryKey: key() });
    }
    wasMoving.current = isMoving;
  }, [isMoving, key, queries]);
  return (
    <Section
      aside={
        <Ask
          button={t("advance")}
          done={(clock) => queries.setQueryData(key("test_clock"), clock)}
          fields={["advance_seconds"]}
          initial={{ span: "day" as (typeof NAMES)[number] }}
          name="advance_test_clock"
          send={({ span }, idempotencyKey) =>
            answered(
              api.POST("/v1/test_clock", {
                params: { header: { "Idempotency-Key": idempotencyKey } },
                body: { advance_seconds: SPANS[span] },
              }),
            )
          }
          title={t("advance_title")}
        >
          {({ values, set, fault }) => (
            <Choice
              fault={fault("advance_seconds")}
              hint={t("hint")}
              label={t("span")}
              value={values.span}
              onChange={({ target }) =>
                set({ span: NAMES.find((each) => each === target.value) ?? values.span })
              }
            >
              {NAMES.map((each) => (
                <option key={each} value={each}>
                  {t(each)}
                </option>
              ))}
            </Choice>
          )}
        </Ask>
      }
      id="test-clock"
      title={t("title")}
    >
      <div className="card">
        {data !== undefined ? (
          <div className="p-4">
            <Facts>
              <Fact name={t("now")}>
                <Time seconds={data.now} />
              </Fact>
              <Fact name={t("ahead")}>
                {t("by", {
                  days: Math.floor(data.ahead_seconds / DAY),
                  hours: Math.floor((data.ahead_seconds % DAY) / HOUR),
                })}
              </Fact>
            </Facts>
            <p className="mt-3 min-h-6 text-soft text-sm" role="status">
              {t(data.status)}
            </p>
          </div>
        ) : error !== null ? (
          <Failed error={error} again={() => void refetch()} />
        ) : (
          <Loading rows={2} />
        )}
      </div>
    </Section>
  );
}

"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../parts/paged";
import { Time } from "../time";
import { Choose } from "./choose";
import { useReason } from "./reason";

const STATUSES = ["open", "closed"] as const;

/** What waits for a person, newest first. */
export function Cases() {
  const t = useTranslations("platform_case");
  const platform = useTranslations("platform");
  const reason = useReason();
  const { api, key } = usePlace();
  const wanted = useSearchParams().get("status");
  const status = STATUSES.find((each) => each === wanted);
  return (
    <>
      <h1 className="font-semibold text-xl">{platform("cases")}</h1>
      <Choose
        label={platform("state")}
        name="status"
        words={STATUSES.map((value) => ({ value, word: t(value) }))}
      />
      <Fetched
        key={status ?? ""}
        fetch={(part) =>
          answered(
            api.GET("/v1/platform/cases", {
              params: { query: { ...part, ...(status === undefined ? {} : { status }) } },
            }),
          )
        }
        name={key("cases", status ?? "")}
        none={t("none")}
      >
        {(each) => (
          <Link
            className="flex min-h-16 flex-col justify-center gap-0.5 px-4 py-2 hover:bg-paper"
            href={`/platform/cases/${each.id}`}
            prefetch={false}
          >
            <span className="font-medium [overflow-wrap:anywhere]">{reason(each.reason)}</span>
            <span className="text-soft text-sm [overflow-wrap:anywhere]">{each.about}</span>
            <span className="flex flex-wrap justify-between gap-x-3 text-soft text-sm">
              <span>
                {t(each.status)} · {platform(each.mode)}
              </span>
              <Time seconds={each.opened} />
            </span>
          </Link>
        )}
      </Fetched>
    </>
  );
}

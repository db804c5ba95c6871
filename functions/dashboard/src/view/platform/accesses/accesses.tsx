"use client";

import { useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Fetched } from "../../parts/paged";
import { Choose } from "../choose";
import { Access } from "./access";

const STATUSES = ["open", "expired", "ended"] as const;

/** Who of the platform looks into which account, newest first. */
export function Accesses() {
  const t = useTranslations("accesses");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  const wanted = useSearchParams().get("status");
  const status = STATUSES.find((each) => each === wanted);
  return (
    <>
      <h1 className="font-semibold text-xl">{platform("accesses")}</h1>
      <p className="text-soft">{t("line")}</p>
      <Choose
        label={platform("state")}
        name="status"
        words={STATUSES.map((value) => ({ value, word: t(value) }))}
      />
      <Fetched
        key={status ?? ""}
        fetch={(part) =>
          answered(
            api.GET("/v1/accesses", {
              params: { query: { ...part, ...(status === undefined ? {} : { status }) } },
            }),
          )
        }
        name={key("accesses", status ?? "")}
        none={t("none")}
      >
        {(access) => <Access access={access} />}
      </Fetched>
    </>
  );
}

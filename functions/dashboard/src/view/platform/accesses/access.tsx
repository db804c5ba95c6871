"use client";

import { useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { Ask } from "../../ask";
import { Fact, Facts } from "../../parts/facts";
import { Mark } from "../../parts/mark";
import { Time } from "../../time";
import { Who } from "../../who";

export type AccessObject = components["schemas"]["AccountAccess"];

const LOOKS = { open: "wait", expired: "off", ended: "off" } as const;

/** One access to what is an account's: who, why, until when; whoever has it looks, anybody ends it. */
export function Access({ access, isOfOne }: { access: AccessObject; isOfOne?: boolean }) {
  const t = useTranslations("accesses");
  const platform = useTranslations("platform");
  const { api, key, session } = usePlace();
  const queries = useQueryClient();
  const isOpen = access.status === "open";
  return (
    <article aria-label={access.id} className="flex flex-col gap-3 p-4">
      <p className="flex flex-wrap justify-between gap-x-3">
        <span className="font-medium [overflow-wrap:anywhere]">{access.reason}</span>
        <Mark look={LOOKS[access.status]}>{t(access.status)}</Mark>
      </p>
      <Facts>
        <Fact name={t("account")}>
          {isOfOne ? null : (
            <Link className="text-accent underline" href={`/platform/accounts/${access.account}`}>
              {access.account}
            </Link>
          )}
        </Fact>
        <Fact name={t("mode")}>{platform(access.mode)}</Fact>
        <Fact name={t("opened_by")}>
          <Who id={access.opened_by} /> · <Time seconds={access.created} />
        </Fact>
        <Fact name={t("until")}>
          <Time seconds={access.expires_at} />
        </Fact>
        <Fact name={t("ended_by")}>
          {access.ended_by === null || access.ended_at === null ? null : (
            <>
              <Who id={access.ended_by} /> · <Time seconds={access.ended_at} />
            </>
          )}
        </Fact>
      </Facts>
      {isOpen ? (
        <div className="flex flex-wrap gap-3">
          {access.opened_by === session.person ? (
            <Link className="button-plain" href={`/${access.account}/${access.mode}`}>
              {t("look")}
            </Link>
          ) : null}
          <Ask
            button={t("end")}
            done={() => void queries.invalidateQueries({ queryKey: key() })}
            initial={{}}
            name={`end_access.${access.id}`}
            send={() =>
              answered(api.POST("/v1/accesses/{id}/end", { params: { path: { id: access.id } } }))
            }
            title={t("end_title")}
          >
            {() => <p>{t("end_line")}</p>}
          </Ask>
        </div>
      ) : null}
    </article>
  );
}

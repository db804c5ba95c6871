"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { Ask, AskReason } from "../ask";
import { Fact, Facts } from "../parts/facts";
import { Time } from "../time";
import { Who } from "../who";

/** Money that people moved: what was proposed, and what another administrator makes of it. */
export function Move({ move }: { move: components["schemas"]["FloatMove"] }) {
  const t = useTranslations("floats");
  const ask = useTranslations("ask");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const decided = () => void queries.invalidateQueries({ queryKey: key() });
  const path = { id: move.id };
  return (
    <div className="flex flex-col gap-3 p-4">
      <p className="flex flex-wrap justify-between gap-x-3 font-medium">
        <span>
          {t(`kinds.${move.kind}`)} · {platform(move.mode)}
        </span>
        <span className="tabular-nums">{formatAmount(move.amount)}</span>
      </p>
      <Facts>
        <Fact name={t("status")}>{t(`statuses.${move.status}`)}</Fact>
        <Fact name={t("reference")}>{move.reference}</Fact>
        <Fact name={t("from")}>{move.from}</Fact>
        <Fact name={t("to")}>{move.to}</Fact>
        <Fact name={t("account")}>{move.account}</Fact>
        <Fact name={ask("reason")}>{move.reason}</Fact>
        <Fact name={t("proposed_by")}>
          <Who id={move.proposed_by} /> · <Time seconds={move.proposed_at} />
        </Fact>
        <Fact name={t("decided_by")}>
          {move.decided_by === null ? null : <Who id={move.decided_by} />}
        </Fact>
      </Facts>
      {move.status === "open" ? (
        <div className="flex flex-wrap gap-3">
          <Ask
            button={t("approve")}
            done={decided}
            initial={{ content_sha256: move.content_sha256 }}
            name={`approve_float_move.${move.id}`}
            send={(body) =>
              answered(
                api.POST("/v1/platform/float_moves/{id}/approve", { params: { path }, body }),
              )
            }
            title={t("approve_title", { amount: formatAmount(move.amount) })}
          >
            {() => <p>{t("approve_line")}</p>}
          </Ask>
          <AskReason
            button={t("reject")}
            done={decided}
            isGrave
            name={`reject_float_move.${move.id}`}
            send={(reason) =>
              answered(
                api.POST("/v1/platform/float_moves/{id}/reject", {
                  params: { path },
                  body: { reason },
                }),
              )
            }
            title={t("reject_title")}
          />
        </div>
      ) : null}
    </div>
  );
}

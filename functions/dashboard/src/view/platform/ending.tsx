"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { clock } from "@/text/time";
import { Ask, AskReason } from "../ask";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";
import { Who } from "../who";
import type { CaseDetails, CasePart } from "./case";
import { endingWord } from "./ending-word";

type Ending = NonNullable<CaseDetails["ending"]>;

/** After these somebody may propose it anew. */
const AGAIN: ReadonlySet<string> = new Set(["rejected", "expired", "unanswered"]);

/** The wish to end a payment that the operator knows nothing of, made by one and approved by another. */
export function EndingPart({ shown, became }: CasePart) {
  const t = useTranslations("ending");
  const { ending } = shown;
  const isOpen = shown.status === "open" && shown.evidence.payment !== null;
  if (ending === null && !isOpen) {
    return null;
  }
  const word = ending === null ? null : endingWord(ending, shown.evidence.payment, clock.now());
  const mayPropose = isOpen && (word === null || AGAIN.has(word));
  return (
    <Section
      aside={mayPropose ? <Propose became={became} shown={shown} /> : null}
      id="ending"
      title={t("title")}
    >
      <div className="card p-4">
        {ending === null ? (
          <p className="text-soft">{t("none")}</p>
        ) : (
          <Known became={became} ending={ending} shown={shown} />
        )}
      </div>
    </Section>
  );
}

function Propose({ shown, became }: CasePart) {
  const t = useTranslations("ending");
  const { api } = usePlace();
  return (
    <AskReason
      button={t("propose")}
      done={became}
      isGrave
      name={`propose_ending.${shown.id}`}
      send={(reason) =>
        answered(
          api.POST("/v1/platform/cases/{id}/endings", {
            params: { path: { id: shown.id } },
            body: { reason },
          }),
        )
      }
      title={t("propose_title")}
    >
      <p>{t("propose_line")}</p>
    </AskReason>
  );
}

function Known({ shown, became, ending }: CasePart & { ending: Ending }) {
  const t = useTranslations("ending");
  const ask = useTranslations("ask");
  const { api } = usePlace();
  const path = { id: shown.id, ending: ending.id };
  return (
    <div className="flex flex-col gap-4">
      <p className="font-medium" role="status">
        {t(endingWord(ending, shown.evidence.payment, clock.now()))}
      </p>
      <Facts>
        <Fact name={ask("reason")}>{ending.reason}</Fact>
        <Fact name={t("proposed_by")}>
          <Who id={ending.proposed_by} />
        </Fact>
        <Fact name={t("expires_at")}>
          <Time seconds={ending.expires_at} />
        </Fact>
        <Fact name={t("decided_by")}>
          {ending.decided_by === null ? null : <Who id={ending.decided_by} />}
        </Fact>
        <Fact name={t("works_until")}>
          {ending.works_until === null ? null : <Time seconds={ending.works_until} />}
        </Fact>
      </Facts>
      {ending.status === "open" ? (
        <div className="flex flex-wrap gap-3">
          <Ask
            button={t("approve")}
            done={became}
            initial={{ content_sha256: ending.content_sha256 }}
            isGrave
            name={`approve_ending.${ending.id}`}
            send={(body) =>
              answered(
                api.POST("/v1/platform/cases/{id}/endings/{ending}/approve", {
                  params: { path },
                  body,
                }),
              )
            }
            title={t("approve_title")}
          >
            {() => <p>{t("approve_line")}</p>}
          </Ask>
          <AskReason
            button={t("reject")}
            done={became}
            name={`reject_ending.${ending.id}`}
            send={(reason) =>
              answered(
                api.POST("/v1/platform/cases/{id}/endings/{ending}/reject", {
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

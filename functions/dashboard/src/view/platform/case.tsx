"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { clock } from "@/text/time";
import { AskReason } from "../ask";
import { Fact, Facts } from "../parts/facts";
import { Time } from "../time";
import { Who } from "../who";
import { Check } from "./check";
import { EndingPart } from "./ending";
import { endingWord } from "./ending-word";
import { Evidence } from "./evidence";
import { One } from "./one";
import { useReason } from "./reason";

export type CaseDetails = components["schemas"]["CaseDetails"];

/** What a part of the page is given: the case, and what to call once it is another. */
export interface CasePart {
  readonly shown: CaseDetails;
  readonly became: (shown: CaseDetails | null) => void;
}

/** One case with what is known of it, and what two administrators may do. */
export function Case({ id }: { id: string }) {
  const platform = useTranslations("platform");
  const { api } = usePlace();
  return (
    <One
      back={{ href: "/platform/cases", word: platform("cases") }}
      fetch={() => answered(api.GET("/v1/platform/cases/{id}", { params: { path: { id } } }))}
      isMoving={isMoving}
      name={["case", id]}
    >
      {(shown, became) => (
        <>
          <About became={became} shown={shown} />
          <EndingPart became={became} shown={shown} />
          <Evidence evidence={shown.evidence} />
        </>
      )}
    </One>
  );
}

/** While the operator is to be asked, its answer may change what is shown. */
function isMoving({ status, evidence, ending }: CaseDetails): boolean {
  const isAsked =
    ending !== null && endingWord(ending, evidence.payment, clock.now()) === "approved";
  return status === "open" && (evidence.check?.due_at != null || isAsked);
}

function About({ shown, became }: CasePart) {
  const t = useTranslations("platform_case");
  const platform = useTranslations("platform");
  const reason = useReason();
  const { api } = usePlace();
  return (
    <section className="card flex flex-col gap-4 p-4">
      <h1 className="font-semibold text-xl [overflow-wrap:anywhere]">{reason(shown.reason)}</h1>
      <Facts>
        <Fact name={platform("state")}>{t(shown.status)}</Fact>
        <Fact name={t("opened")}>
          <Time seconds={shown.opened} />
        </Fact>
        <Fact name={t("about")}>
          {shown.kind} {shown.about}
        </Fact>
        <Fact name={t("account")}>
          {shown.account === null ? null : (
            <Link className="text-accent underline" href={`/platform/accounts/${shown.account}`}>
              {shown.account}
            </Link>
          )}
        </Fact>
        <Fact name={t("mode")}>{platform(shown.mode)}</Fact>
        <Fact name={t("statement")}>
          {shown.statement === null ? null : (
            <Link
              className="text-accent underline"
              href={`/platform/statements/${shown.statement}`}
            >
              {shown.statement}
            </Link>
          )}
        </Fact>
        <Fact name={t("closed_at")}>
          {shown.closed_at === null ? null : <Time seconds={shown.closed_at} />}
        </Fact>
        <Fact name={t("closed_by")}>
          {shown.closed_by === null ? null : <Who id={shown.closed_by} />}
        </Fact>
        <Fact name={t("close_reason")}>{shown.close_reason}</Fact>
        <Fact name={t("id")}>{shown.id}</Fact>
      </Facts>
      {shown.status === "open" ? (
        <div className="flex flex-wrap items-start gap-3">
          {shown.evidence.payment === null ? null : <Check became={became} shown={shown} />}
          <AskReason
            button={t("close")}
            done={() => became(null)}
            name={`close_case.${shown.id}`}
            send={(words) =>
              answered(
                api.POST("/v1/platform/cases/{id}/close", {
                  params: { path: { id: shown.id } },
                  body: { reason: words },
                }),
              )
            }
            title={t("close_title")}
          >
            <p>{t("close_line")}</p>
          </AskReason>
        </div>
      ) : null}
    </section>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Refused } from "../form";
import { Check } from "../parts/check";
import { Section } from "../parts/section";
import { Fetched } from "./own-account";
import { Room } from "./room";

type Choices = components["schemas"]["NotificationChoices"];
type Wanted = components["schemas"]["NotificationChoicesSet"];

const SILENT = ["approval_wanted", "case_opened", "endpoint_gone", "endpoint_failing"] as const;

/** What she herself is told by mail; each box is kept as soon as it is ticked. */
export function NotificationSettings() {
  const { api, key } = useWork();
  return (
    <Room>
      <Fetched
        fetch={() => answered(api.GET("/v1/account/notifications", {}))}
        name={key("notifications")}
      >
        {(choices) => <Mails choices={choices} />}
      </Fetched>
    </Room>
  );
}

function Mails({ choices }: { choices: Choices }) {
  const t = useTranslations("notifications");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const choose = useAct(
    "notifications",
    (body: Wanted, idempotencyKey) =>
      answered(
        api.POST("/v1/account/notifications", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          body,
        }),
      ),
    (chosen) => queries.setQueryData(key("notifications"), chosen),
  );
  const always = choices.kinds.filter((each) => !each.may_be_silent);
  return (
    <Section id="notifications" title={t("title")}>
      <div className="card flex flex-col gap-3 p-4">
        <p>{t(choices.kinds.length === 0 ? "none" : "what", { email: choices.email })}</p>
        <ul>
          {SILENT.map((kind) => {
            const told = choices.kinds.find((each) => each.kind === kind);
            return told === undefined ? null : (
              <li key={kind}>
                <Check change={(isOn) => choose.act({ [kind]: isOn })} isOn={told.sent}>
                  {t(`kinds.${kind}`)}
                </Check>
              </li>
            );
          })}
        </ul>
        <Refused act={choose} />
        {always.length === 0 ? null : (
          <>
            <h3 className="font-semibold">{t("always")}</h3>
            <ul className="list-inside list-disc text-soft">
              {always.map(({ kind }) => (
                <li key={kind}>
                  {t.has(`kinds.${kind as "key_made"}`) ? t(`kinds.${kind as "key_made"}`) : kind}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Section>
  );
}

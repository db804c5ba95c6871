"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Ask } from "../ask";
import { me } from "../memberships";
import { Time } from "../time";
import { DutyChoice } from "./invite";

type TeamMember = components["schemas"]["TeamMember"];

/** One member, and what may be done about her. */
export function Member({ member }: { member: TeamMember }) {
  const t = useTranslations("team");
  const { api, key, session } = useWork();
  const queries = useQueryClient();
  const isOneself = member.id === session.person;
  const changed = () => void queries.invalidateQueries({ queryKey: key("team") });
  return (
    <li className="flex flex-col gap-3 border-line border-b p-4 last:border-b-0 sm:flex-row sm:items-center sm:justify-between">
      <div className="min-w-0">
        <p className="font-medium [overflow-wrap:anywhere]">
          {member.email}
          {isOneself ? ` (${t("you")})` : null}
        </p>
        <p className="text-soft text-sm">
          {t(`duties.${member.duty}`)} · {t("since")} <Time seconds={member.created} />
        </p>
      </div>
      <div className="flex flex-wrap gap-3">
        <Ask
          button={t("change")}
          done={changed}
          fields={["duty"]}
          initial={{ duty: member.duty }}
          name={`change_duty.${member.id}`}
          send={(body, idempotencyKey) =>
            answered(
              api.POST("/v1/team/{person}", {
                params: {
                  path: { person: member.id },
                  header: { "Idempotency-Key": idempotencyKey },
                },
                body,
              }),
            )
          }
          title={t("change_title", { email: member.email })}
        >
          {({ values, set, fault }) => (
            <DutyChoice duty={values.duty} fault={fault("duty")} set={(duty) => set({ duty })} />
          )}
        </Ask>
        <Remove changed={changed} isOneself={isOneself} member={member} />
      </div>
    </li>
  );
}

function Remove(props: { member: TeamMember; isOneself: boolean; changed: () => void }) {
  const { member, isOneself, changed } = props;
  const t = useTranslations("team");
  const { api, session } = useWork();
  const queries = useQueryClient();
  const router = useRouter();
  const gone = async () => {
    if (isOneself) {
      await queries.invalidateQueries({ queryKey: me(session).queryKey });
      router.replace("/");
    } else {
      changed();
    }
  };
  return (
    <Ask
      button={t(isOneself ? "leave" : "remove")}
      done={() => void gone()}
      initial={{}}
      isGrave
      name={`remove_member.${member.id}`}
      send={(_, idempotencyKey) =>
        answered(
          api.POST("/v1/team/{person}/remove", {
            params: {
              path: { person: member.id },
              header: { "Idempotency-Key": idempotencyKey },
            },
          }),
        )
      }
      title={t(isOneself ? "leave_title" : "remove_title", { email: member.email })}
    >
      {() => <p>{t(isOneself ? "leave_line" : "remove_line")}</p>}
    </Ask>
  );
}

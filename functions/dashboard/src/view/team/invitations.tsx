"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Ask } from "../ask";
import { Section } from "../parts/section";
import { Failed, Loading } from "../states";
import { Time } from "../time";

/** Who was asked and has not answered yet. */
export function Invitations() {
  const t = useTranslations("team");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: key("invitations"),
    queryFn: () => answered(api.GET("/v1/invitations", {})),
  });
  return (
    <Section id="invitations" title={t("invitations")}>
      <div className="card overflow-hidden">
        {data === undefined ? (
          error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={1} />
          )
        ) : data.data.length === 0 ? (
          <p className="p-4 text-soft">{t("no_invitations")}</p>
        ) : (
          <ul>
            {data.data.map((invitation) => (
              <li
                className="flex flex-col gap-3 border-line border-b p-4 last:border-b-0 sm:flex-row sm:items-center sm:justify-between"
                key={invitation.id}
              >
                <div className="min-w-0">
                  <p className="font-medium [overflow-wrap:anywhere]">{invitation.email}</p>
                  <p className="text-soft text-sm">
                    {t(`duties.${invitation.duty}`)} · {t("until")}{" "}
                    <Time seconds={invitation.expires_at} />
                  </p>
                </div>
                <Ask
                  button={t("revoke")}
                  done={() => void queries.invalidateQueries({ queryKey: key("invitations") })}
                  initial={{}}
                  isGrave
                  name={`revoke_invitation.${invitation.id}`}
                  send={(_, idempotencyKey) =>
                    answered(
                      api.POST("/v1/invitations/{id}/revoke", {
                        params: {
                          path: { id: invitation.id },
                          header: { "Idempotency-Key": idempotencyKey },
                        },
                      }),
                    )
                  }
                  title={t("revoke_title", { email: invitation.email })}
                >
                  {() => <p>{t("revoke_line")}</p>}
                </Ask>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Section } from "../parts/section";
import { Failed, Loading } from "../states";
import { Invitations } from "./invitations";
import { Invite } from "./invite";
import { Member } from "./member";

const ROWS = 3;

/** Who is in the account's team, and who was asked into it. */
export function Team() {
  const t = useTranslations("team");
  const { api, key, membership } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("team"),
    queryFn: () => answered(api.GET("/v1/team", {})),
  });
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      {membership.duty === "owner" ? null : <p className="text-soft">{t("owners")}</p>}
      <Section aside={<Invite />} id="members" title={t("members")}>
        <div className="card overflow-hidden">
          {data !== undefined ? (
            <ul>
              {data.data.map((member) => (
                <Member key={member.id} member={member} />
              ))}
            </ul>
          ) : error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      </Section>
      <Invitations />
    </>
  );
}

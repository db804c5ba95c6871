"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useEffect, useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { PlaceProvider, usePlace } from "@/session/place";
import type { Session } from "@/session/session";
import { Refused, Send } from "../form";
import { me } from "../memberships";
import { Plain } from "../plain";
import { SignedIn } from "../signed-in";

/**
 * Where the mail of an invitation leads. Its token stands behind `#`, which no server is told; a sign-in
 * in between comes back with it.
 */
export function Invitation() {
  return (
    <SignedIn>
      {(session) => (
        <PlaceProvider name="invitation" session={session}>
          <Accept session={session} />
        </PlaceProvider>
      )}
    </SignedIn>
  );
}

function Accept({ session }: { session: Session }) {
  const t = useTranslations("invitation");
  const entrance = useTranslations("entrance");
  const token = useToken();
  const router = useRouter();
  const queries = useQueryClient();
  const { api } = usePlace();
  const act = useAct(
    "accept",
    (body: { token: string }, key) =>
      answered(
        api.POST("/v1/invitations/accept", {
          params: { header: { "Idempotency-Key": key } },
          body,
        }),
      ),
    async (membership) => {
      await queries.invalidateQueries({ queryKey: me(session).queryKey });
      router.replace(`/${membership.id}/test`);
    },
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    act.act({ token });
  };
  return (
    <Plain title={t("title")}>
      {token === "" ? (
        <p className="text-soft">{t("no_token")}</p>
      ) : (
        <form className="flex flex-col items-start gap-4" onSubmit={submit}>
          <p className="text-soft">{t("line")}</p>
          <Refused act={act} />
          <Send act={act}>{t("accept")}</Send>
        </form>
      )}
      <button className="button-plain" type="button" onClick={() => session.signOut()}>
        {entrance("sign_out")}
      </button>
    </Plain>
  );
}

/** What follows `#` in the address; empty where nothing does. */
function useToken(): string {
  const [token, setToken] = useState("");
  useEffect(() => {
    const read = () => setToken(window.location.hash.slice(1));
    read();
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  return token;
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useEffect } from "react";
import type { Session } from "@/session/session";
import { memberships } from "./memberships";
import { Plain } from "./plain";
import { SignedIn } from "./signed-in";
import { useFailure } from "./states";

/** Leads whoever is signed in to her first account, in the test mode: real money is chosen. */
export function Entrance() {
  return <SignedIn>{(session) => <FirstAccount session={session} />}</SignedIn>;
}

function FirstAccount({ session }: { session: Session }) {
  const t = useTranslations("entrance");
  const states = useTranslations("states");
  const router = useRouter();
  const failure = useFailure();
  const { data, error, refetch } = useQuery(memberships(session));
  const first = data?.[0];
  useEffect(() => {
    if (first !== undefined) {
      router.replace(`/${first.id}/test`);
    }
  }, [first, router]);
  if (error !== null) {
    return (
      <Plain title={failure(error)}>
        <button className="button" type="button" onClick={() => void refetch()}>
          {states("again")}
        </button>
      </Plain>
    );
  }
  if (data !== undefined && first === undefined) {
    return (
      <Plain title={t("nowhere")}>
        <button className="button" type="button" onClick={() => void session.signOut()}>
          {t("sign_out")}
        </button>
      </Plain>
    );
  }
  return <Plain title={states("loading")} />;
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useEffect } from "react";
import type { components } from "@/api/schema";
import type { Session } from "@/session/session";
import { me } from "./memberships";
import { Plain } from "./plain";
import { SignedIn } from "./signed-in";
import { useFailure } from "./states";

type Me = components["schemas"]["Me"];

/**
 * Leads whoever is signed in to her first account, in the test mode: real money is chosen. An
 * administrator of the platform without an account is led there.
 */
export function Entrance() {
  return <SignedIn>{(session) => <FirstAccount session={session} />}</SignedIn>;
}

function FirstAccount({ session }: { session: Session }) {
  const t = useTranslations("entrance");
  const states = useTranslations("states");
  const router = useRouter();
  const failure = useFailure();
  const { data, error, refetch } = useQuery(me(session));
  const place = data === undefined ? null : firstPlace(data);
  useEffect(() => {
    if (place !== null) {
      router.replace(place, { scroll: false });
    }
  }, [place, router]);
  if (error !== null) {
    return (
      <Plain title={failure(error)}>
        <button className="button" type="button" onClick={() => void refetch()}>
          {states("again")}
        </button>
      </Plain>
    );
  }
  if (data !== undefined && place === null) {
    return (
      <Plain title={t("nowhere")}>
        <button className="button" type="button" onClick={() => session.signOut()}>
          {t("sign_out")}
        </button>
      </Plain>
    );
  }
  return <Plain title={states("loading")} />;
}

function firstPlace({ accounts, roles }: Me): string | null {
  const [first] = accounts;
  if (first !== undefined) {
    return `/${first.id}/test`;
  }
  return roles.includes("admin") ? "/platform" : null;
}

"use client";

import { useTranslations } from "next-intl";
import { type ReactNode, useEffect } from "react";
import { useSession, useSessionState } from "@/session/provider";
import type { Session } from "@/session/session";
import { LanguageSwitch } from "./language-switch";
import { Plain } from "./plain";

/** Shows `children` to whoever is signed in, and to all others the way in and back to this page. */
export function SignedIn({ children }: { children: (session: Session) => ReactNode }) {
  const t = useTranslations("entrance");
  const states = useTranslations("states");
  const session = useSession();
  const state = useSessionState();
  useEffect(() => {
    void session?.resume();
  }, [session]);
  if (session === null || state === "starting") {
    return <Plain title={states("loading")} />;
  }
  if (state === "signed_in") {
    return children(session);
  }
  return (
    <Plain title={t(state === "expired" ? "expired" : "welcome")}>
      <p className="text-soft">{t("how")}</p>
      <button className="button" type="button" onClick={() => void session.signIn()}>
        {t("sign_in")}
      </button>
      <LanguageSwitch />
    </Plain>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { usePlace } from "@/session/place";
import { LanguageSwitch } from "../language-switch";
import { me } from "../memberships";

/** What is done from every page of an account: another language, the platform, signing out. */
export function Acts() {
  return (
    <>
      <PlatformLink />
      <LanguageSwitch />
      <SignOut />
    </>
  );
}

export function SignOut() {
  const t = useTranslations("shell");
  const { session } = usePlace();
  return (
    <button className="button-plain" type="button" onClick={() => session.signOut()}>
      {t("sign_out")}
    </button>
  );
}

/** The way to the platform's own pages, for those who run it. */
function PlatformLink() {
  const t = useTranslations("shell");
  const { session } = usePlace();
  const { data } = useQuery(me(session));
  return data?.roles.includes("admin") ? (
    <Link className="button-plain" href="/platform">
      {t("platform")}
    </Link>
  ) : null;
}

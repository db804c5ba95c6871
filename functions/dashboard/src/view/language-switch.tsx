"use client";

import { useRouter } from "next/navigation";
import { useLocale } from "next-intl";
import { LOCALE_COOKIE, type Locale } from "@/i18n/locale";

const NAMES: Readonly<Record<Locale, string>> = { fr: "Français", en: "English" };
const YEAR_SECONDS = 31_536_000;

/** A button in the other language, for who reads that one. */
export function LanguageSwitch() {
  const router = useRouter();
  const other = useLocale() === "fr" ? "en" : "fr";
  const choose = () => {
    // biome-ignore lint/suspicious/noDocumentCookie: Safari has the Cookie Store API since 18.4 only
    document.cookie = `${LOCALE_COOKIE}=${other}; Path=/dashboard; Max-Age=${YEAR_SECONDS}; SameSite=Lax`;
    router.refresh();
  };
  return (
    <button className="button-plain" type="button" lang={other} onClick={choose}>
      {NAMES[other]}
    </button>
  );
}

import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { TIME_ZONE } from "@/text/time";
import en from "../../messages/en.json";
import fr from "../../messages/fr.json";
import { chooseLocale, LOCALE_COOKIE } from "./locale";

const MESSAGES = { fr, en };

export default getRequestConfig(async () => {
  const locale = chooseLocale(
    (await cookies()).get(LOCALE_COOKIE)?.value,
    (await headers()).get("accept-language"),
  );
  return { locale, messages: MESSAGES[locale], timeZone: TIME_ZONE };
});

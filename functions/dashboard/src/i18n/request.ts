import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { TIME_ZONE } from "@/text/time";
import * as en from "../../messages/en";
import * as fr from "../../messages/fr";
import { chooseLocale, LOCALE_COOKIE } from "./locale";

const MESSAGES = { fr, en };

export default getRequestConfig(async () => {
  const locale = chooseLocale(
    (await cookies()).get(LOCALE_COOKIE)?.value,
    (await headers()).get("accept-language"),
  );
  return { locale, messages: MESSAGES[locale], timeZone: TIME_ZONE };
});

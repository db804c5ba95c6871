export const LOCALES = ["fr", "en"] as const;
export type Locale = (typeof LOCALES)[number];
export const LOCALE_COOKIE = "pay_language";

/** What was chosen here, else what the browser asks for first of what we have, else French. */
export function chooseLocale(chosen: string | undefined, accepted: string | null): Locale {
  const wanted = (accepted ?? "")
    .split(",")
    .map((part) => {
      const [name = "", ...words] = part.trim().toLowerCase().split(";");
      const weight =
        words
          .find((word) => word.trim().startsWith("q="))
          ?.trim()
          .slice(2) ?? "1";
      return { name: name.slice(0, 2), weight: Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ name }) => name);
  const names = [chosen, ...wanted];
  return LOCALES.find((locale) => locale === names.find((name) => isLocale(name))) ?? "fr";
}

function isLocale(name: string | undefined): name is Locale {
  return LOCALES.some((locale) => locale === name);
}

"use client";

import { useTranslations } from "next-intl";
import { ApiError } from "@/api/client";

/** What to say of a failure: the API's own words, or that there is no network. */
export function useFailure(): (error: Error) => string {
  const t = useTranslations("states");
  return (error) => (error instanceof ApiError && error.message ? error.message : t("offline"));
}

/** In the place of what could not be fetched: why, and a way to try again. */
export function Failed({ error, again }: { error: Error; again: () => void }) {
  const t = useTranslations("states");
  const failure = useFailure();
  return (
    <div className="flex flex-col items-start gap-3 p-4" role="alert">
      <p className="text-bad">{failure(error)}</p>
      <button className="button-plain" type="button" onClick={again}>
        {t("again")}
      </button>
    </div>
  );
}

/** As high as what will come, so that nothing moves when it does. */
export function Loading({ rows }: { rows: number }) {
  const t = useTranslations("states");
  return (
    <div aria-busy="true">
      <p className="sr-only">{t("loading")}</p>
      {Array.from({ length: rows }, (_, row) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: rows without content have nothing else
          key={row}
          className="flex h-16 items-center border-line border-b px-4 last:border-b-0"
        >
          <div className="h-4 w-2/3 animate-pulse rounded bg-line motion-reduce:animate-none" />
        </div>
      ))}
    </div>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { useFailure } from "../states";
import { type CsvPart, joinParts, saveFile } from "./export";

/** Keeps the entries of the chosen days as a file. */
export function Export(props: {
  fileName: string;
  fetch: (after: string | null) => Promise<CsvPart>;
}) {
  const { fileName, fetch } = props;
  const t = useTranslations("audit");
  const failure = useFailure();
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const run = async () => {
    setBusy(true);
    setSaid(null);
    try {
      const { text, isCut } = await joinParts(fetch);
      saveFile(text, fileName);
      setSaid(isCut ? t("cut") : null);
    } catch (error) {
      setSaid(failure(error instanceof Error ? error : new Error(String(error))));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="flex flex-wrap items-center gap-3">
      <button
        aria-disabled={isBusy}
        className="button-plain"
        type="button"
        onClick={() => (isBusy ? undefined : void run())}
      >
        {t("csv")}
      </button>
      <p className="text-soft text-sm" role="status">
        {said ?? t("csv_hint")}
      </p>
    </div>
  );
}

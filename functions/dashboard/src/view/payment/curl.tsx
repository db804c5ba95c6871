"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { curlOf } from "./command";

/** Shows how a program asks for what is on the page, to be copied. */
export function Curl({ path }: { path: string }) {
  const t = useTranslations("curl");
  const [isCopied, setCopied] = useState(false);
  const command = curlOf(`${window.location.origin}${path}`);
  const copy = () =>
    navigator.clipboard.writeText(command).then(
      () => setCopied(true),
      // A browser that does not let us copy lets her mark it.
      () => setCopied(false),
    );
  return (
    <details>
      <summary className="inline-flex min-h-11 cursor-pointer items-center text-accent underline">
        {t("title")}
      </summary>
      <div className="flex flex-col items-start gap-3">
        <pre className="max-w-full whitespace-pre-wrap rounded-lg border border-line bg-paper p-3 text-sm [overflow-wrap:anywhere]">
          {command}
        </pre>
        <p className="text-soft text-sm">{t("key")}</p>
        <div className="flex flex-wrap items-center gap-3">
          <button className="button-plain" type="button" onClick={() => void copy()}>
            {t("copy")}
          </button>
          <span className="text-good text-sm" role="status">
            {isCopied ? t("copied") : ""}
          </span>
        </div>
      </div>
    </details>
  );
}

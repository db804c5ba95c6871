"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import type { ApiError } from "@/api/client";

const PAGE = 100;

/** All that is wrong with the lines of a file, in the API's words; nothing of it has moved. */
export function Faults({ error }: { error: ApiError }) {
  const t = useTranslations("batch_form");
  const [most, setMost] = useState(PAGE);
  const { lines } = error;
  return (
    <section aria-labelledby="faults" className="card flex flex-col gap-3 p-4">
      <div role="alert">
        <h2 className="font-semibold text-bad text-lg" id="faults">
          {t("faults", { count: lines.length })}
        </h2>
        <p>{t("nothing_moved")}</p>
      </div>
      <table className="w-full text-left text-sm">
        <thead>
          <tr>
            <th className="border-line border-b py-2 pr-3" scope="col">
              {t("line")}
            </th>
            <th className="border-line border-b py-2 pr-3" scope="col">
              {t("column")}
            </th>
            <th className="border-line border-b py-2" scope="col">
              {t("fault")}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, most).map(({ line, column, code, message }, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line may have one fault twice
            <tr key={`${line} ${column} ${code} ${place}`}>
              <th className="py-2 pr-3 align-top tabular-nums" scope="row">
                {line}
              </th>
              <td className="py-2 pr-3 align-top [overflow-wrap:anywhere]">{column ?? "–"}</td>
              <td className="py-2 [overflow-wrap:anywhere]">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > most ? (
        <button
          className="button-plain self-center"
          type="button"
          onClick={() => setMost(most + PAGE)}
        >
          {t("more")}
        </button>
      ) : null}
    </section>
  );
}

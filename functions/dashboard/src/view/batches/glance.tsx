"use client";

import { useTranslations } from "next-intl";
import { formatAmount } from "@/text/money";
import type { Preview } from "./preview";

/** A look into the chosen file, so that nobody sends the one of last month. */
export function Glance({ name, glance }: { name: string; glance: Preview | null }) {
  const t = useTranslations("batch_form");
  if (glance === null) {
    return <p>{t("unreadable", { name })}</p>;
  }
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <p className="[overflow-wrap:anywhere]">
        {glance.francs === null
          ? t("lines", { name, count: glance.count })
          : t("lines_sum", {
              name,
              count: glance.count,
              amount: formatAmount(glance.francs),
            })}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than a phone is pushed by keys too */}
      <section aria-label={t("first")} className="overflow-x-auto" tabIndex={0}>
        <table className="w-full text-left text-sm">
          <caption className="pb-1 text-left text-soft">{t("first")}</caption>
          <thead>
            <tr>
              {glance.names.map((column, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column may be there twice
                <th key={at} className="border-line border-b p-2" scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {glance.rows.map((row, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
              <tr key={line}>
                {row.map((cell, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: and so is a cell
                  <td key={at} className="max-w-60 truncate p-2">
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

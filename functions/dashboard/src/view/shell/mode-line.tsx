"use client";

import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";

/** In the test mode a band over everything says that no money moves. */
export function ModeLine() {
  const t = useTranslations("shell");
  const { scope, membership } = useWork();
  const isTest = scope.mode === "test";
  return (
    <>
      <title>{`${isTest ? `[${t("test")}] ` : ""}${membership.name} · ${t("product")}`}</title>
      {isTest ? (
        <aside
          aria-label={t("mode")}
          className="sticky top-0 z-10 bg-test px-4 py-2 text-center font-medium text-on-test text-sm"
        >
          {t("test_line")}
        </aside>
      ) : null}
    </>
  );
}

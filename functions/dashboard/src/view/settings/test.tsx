"use client";

import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";
import { Room } from "./room";
import { TestClock } from "./test-clock";
import { TestData } from "./test-data";

/** The clock of the test mode, and an end of its data; the live mode has neither. */
export function TestSettings() {
  const t = useTranslations("settings");
  const { scope } = useWork();
  return (
    <Room>
      {scope.mode === "test" ? (
        <>
          <TestClock />
          <TestData />
        </>
      ) : (
        <p className="card p-4">{t("test_only")}</p>
      )}
    </Room>
  );
}

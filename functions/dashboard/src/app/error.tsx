"use client";

import { useTranslations } from "next-intl";
import { Plain } from "@/view/plain";

export default function Failure({ reset }: { reset: () => void }) {
  const t = useTranslations("states");
  return (
    <Plain title={t("failed")}>
      <button className="button" type="button" onClick={reset}>
        {t("again")}
      </button>
    </Plain>
  );
}

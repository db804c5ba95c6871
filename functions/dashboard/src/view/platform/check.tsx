"use client";

import { useTranslations } from "next-intl";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Refused, Send } from "../form";
import type { CasePart } from "./case";

/** Has the operator asked now; it moves nothing. */
export function Check({ shown, became }: CasePart) {
  const t = useTranslations("platform_case");
  const { api } = usePlace();
  const act = useAct(
    `check_case.${shown.id}`,
    (id: string) =>
      answered(api.POST("/v1/platform/cases/{id}/check", { params: { path: { id } } })),
    () => became(null),
  );
  return (
    <form
      className="flex flex-col items-start gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        act.act(shown.id);
      }}
    >
      <Send act={act}>{t("check")}</Send>
      <Refused act={act} />
    </form>
  );
}

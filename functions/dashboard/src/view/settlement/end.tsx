"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Dialog } from "../dialog";
import { Refused, Send } from "../form";

/** Has what is available stay. A sign-in in between comes back to the question. */
export function EndSettlement() {
  const t = useTranslations("settlement");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft("settlement.end", { isOpen: false });
  const end = useAct(
    "settlement.end",
    (_: Record<string, never>, idempotencyKey) =>
      answered(
        api.POST("/v1/account/settlement/end", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          body: {},
        }),
      ),
    () => {
      forget();
      queries.setQueryData(key("settlement"), null);
    },
  );
  return (
    <>
      <button
        className="button-plain self-start"
        type="button"
        onClick={() => set({ isOpen: true })}
      >
        {t("end")}
      </button>
      <Dialog
        close={() => {
          end.forget();
          forget();
        }}
        isOpen={values.isOpen}
        title={t("end_title")}
      >
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            end.act({});
          }}
        >
          <p>{t("end_means")}</p>
          <Refused act={end} />
          <Send act={end} isGrave>
            {t("end")}
          </Send>
        </form>
      </Dialog>
    </>
  );
}

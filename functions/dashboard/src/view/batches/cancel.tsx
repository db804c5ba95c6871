"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Dialog } from "../dialog";
import { Refused, Send } from "../form";

/** Takes back what of a batch waits for its turn; what is on its way ends by itself. */
export function TakeBackBatch({ id, amount }: { id: string; amount: number }) {
  const t = useTranslations("batches");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const cancel = useAct(
    `batch.${id}.cancel`,
    (_: Record<string, never>, idempotencyKey) =>
      answered(
        api.POST("/v1/payout_batches/{id}/cancel", {
          params: { path: { id }, header: { "Idempotency-Key": idempotencyKey } },
          body: {},
        }),
      ),
    (batch) => {
      setOpen(false);
      queries.setQueryData(key("batches", "one", id), batch);
      void queries.invalidateQueries({ queryKey: key("batches") });
    },
  );
  return (
    <>
      <button className="button-plain self-start" type="button" onClick={() => setOpen(true)}>
        {t("cancel")}
      </button>
      <Dialog
        close={() => setOpen(false)}
        isOpen={isOpen}
        title={t("cancel_title", { amount: formatAmount(amount) })}
      >
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            cancel.act({});
          }}
        >
          <p>{t("cancel_means")}</p>
          <Refused act={cancel} />
          <Send act={cancel} isGrave>
            {t("cancel")}
          </Send>
        </form>
      </Dialog>
    </>
  );
}

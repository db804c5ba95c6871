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

/** Takes back a payout that nobody has begun to send; whether that is so the API says. */
export function TakeBack({ id, amount }: { id: string; amount: number }) {
  const t = useTranslations("payout");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const cancel = useAct(
    `payout.${id}.cancel`,
    (_: Record<string, never>, idempotencyKey) =>
      answered(
        api.POST("/v1/payouts/{id}/cancel", {
          params: { path: { id }, header: { "Idempotency-Key": idempotencyKey } },
          body: {},
        }),
      ),
    (payout) => {
      setOpen(false);
      queries.setQueryData(key("payouts", "one", id), payout);
      void queries.invalidateQueries({ queryKey: key("payouts") });
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

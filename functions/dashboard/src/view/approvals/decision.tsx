"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import { useAct, useDraft } from "@/act/use-act";
import type { Payout, PayoutBatch } from "@/api/money-out";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Dialog } from "../dialog";
import { Field, Refused, Send } from "../form";
import { Time } from "../time";
import { type Decided, decide, type Word } from "./decide";

const CLOSED = { word: "" as "" | Word["word"], reason: "" };
const LISTS = { payout: "payouts", batch: "batches" } as const;

/**
 * Where a second person decides, beside all that she decides about. What she answers to is what this
 * page shows: its hash goes with her yes.
 */
export function Decision(props: { name: Decided; object: Payout | PayoutBatch }) {
  const { name, object } = props;
  const { id, amount, approval, made_by: maker, status } = object;
  const t = useTranslations("approvals");
  const { api, key, session } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft(`decision.${id}`, CLOSED);
  const act = useAct(
    `decision.${id}`,
    (said: Word, idempotencyKey) => decide(api, name, id, said, idempotencyKey),
    (decided) => {
      forget();
      queries.setQueryData(key(LISTS[name], "one", id), decided);
      void queries.invalidateQueries({ queryKey: key("payouts") });
      void queries.invalidateQueries({ queryKey: key("batches") });
    },
  );
  const isOpen = status === "requires_approval";
  // Who was about to decide is told that somebody else has.
  if (approval === null || (!isOpen && values.word === "")) {
    return null;
  }
  const reason = values.reason.trim();
  const say = (event: FormEvent) => {
    event.preventDefault();
    if (values.word === "approve") {
      const { content_sha256 } = approval;
      act.act({ word: "approve", content_sha256, ...(reason === "" ? {} : { reason }) });
    } else if (values.word === "reject") {
      act.act({ word: "reject", reason });
    }
  };
  const close = () => {
    act.forget();
    forget();
  };
  return (
    <section aria-labelledby="decision" className="card flex flex-col gap-4 border-accent p-4">
      <h2 className="font-semibold text-lg" id="decision">
        {t("waits")}
      </h2>
      {maker === session.person ? <p>{t("yours")}</p> : null}
      <p className="text-soft">
        {t("until")} <Time seconds={approval.expires_at} />
      </p>
      <div className="flex flex-wrap gap-3">
        <button className="button" type="button" onClick={() => set({ word: "approve" })}>
          {t("approve")}
        </button>
        <button className="button-plain" type="button" onClick={() => set({ word: "reject" })}>
          {t("reject")}
        </button>
      </div>
      <Dialog
        close={close}
        isOpen={values.word !== ""}
        title={
          values.word === "reject"
            ? t("reject_title", { amount: formatAmount(amount) })
            : t("approve_title", { amount: formatAmount(amount) })
        }
      >
        <form className="flex flex-col gap-4" onSubmit={say}>
          <p>{values.word === "reject" ? t("reject_means") : t("approve_means")}</p>
          {isOpen ? null : <p className="font-medium text-wait">{t("meanwhile")}</p>}
          <Field
            autoComplete="off"
            fault={act.fault("reason")}
            label={values.word === "reject" ? t("reason") : t("reason_if_any")}
            maxLength={300}
            required={values.word === "reject"}
            value={values.reason}
            onChange={({ target }) => set({ reason: target.value })}
          />
          <Refused act={act} fields={["reason"]} />
          <Send act={act} isGrave={values.word === "reject"}>
            {values.word === "reject" ? t("reject") : t("approve")}
          </Send>
        </form>
      </Dialog>
    </section>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { type FormEvent, useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered, type Charge } from "@/api/client";
import { useWork } from "@/session/work";
import { readAmount } from "@/text/amount";
import { formatAmount } from "@/text/money";
import { Dialog } from "../dialog";
import { SendOrLook } from "../doubt";
import { Field, Refused } from "../form";
import { refundable } from "./rest";

const LONGEST_REASON = 500;

/** The button that gives a payment back, where there is something to give, and its dialog. */
export function Refund({ charge }: { charge: Charge }) {
  const t = useTranslations("refund");
  const [isOpen, setOpen] = useState(false);
  const [isMade, setMade] = useState(false);
  const done = () => {
    setOpen(false);
    setMade(true);
  };
  return (
    <>
      {refundable(charge) > 0 ? (
        <button className="button-plain" type="button" onClick={() => setOpen(true)}>
          {t("open")}
        </button>
      ) : null}
      <span className="self-center text-good text-sm" role="status">
        {isMade ? t("made") : ""}
      </span>
      <Dialog close={() => setOpen(false)} isOpen={isOpen} title={t("title")}>
        <RefundForm charge={charge} close={() => setOpen(false)} done={done} />
      </Dialog>
    </>
  );
}

function RefundForm(props: { charge: Charge; close: () => void; done: () => void }) {
  const { charge, close, done } = props;
  const t = useTranslations("refund");
  const words = useTranslations("act");
  const { api, key: queryKey } = useWork();
  const queries = useQueryClient();
  const rest = refundable(charge);
  const draft = useDraft(`refund.${charge.id}`, { amount: String(rest), reason: "" });
  const { amount, reason } = draft.values;
  const francs = readAmount(amount);
  const act = useAct(
    `refund.${charge.id}`,
    (body: { charge: string; amount: number; reason?: string }, key) =>
      answered(api.POST("/v1/refunds", { params: { header: { "Idempotency-Key": key } }, body })),
    () => {
      draft.forget();
      void queries.invalidateQueries({ queryKey: queryKey("payment", charge.id) });
      done();
    },
    true,
  );
  const change = (changes: Partial<typeof draft.values>) => {
    act.forget();
    draft.set(changes);
  };
  const look = () => {
    act.forget();
    void queries.invalidateQueries({ queryKey: queryKey("payment", charge.id) });
    close();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    act.act({
      charge: charge.id,
      // What is no amount goes as it was typed: what is wrong with it, the API says.
      amount: francs ?? (amount as unknown as number),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    });
  };
  const { phone } = charge.payment_method_details.mobile_money;
  return (
    <form className="flex flex-col gap-4" noValidate onSubmit={send}>
      <p className="text-soft">
        {phone === null ? t("to_payer") : t("to", { phone })} {t("once")}
      </p>
      <Field
        autoComplete="off"
        fault={act.fault("amount")}
        hint={t("rest", { amount: formatAmount(rest) })}
        inputMode="numeric"
        label={t("amount")}
        maxLength={20}
        value={amount}
        onChange={({ target }) => change({ amount: target.value })}
      />
      <Field
        autoComplete="off"
        fault={act.fault("reason")}
        hint={t("reason_hint")}
        label={t("reason")}
        maxLength={LONGEST_REASON}
        value={reason}
        onChange={({ target }) => change({ reason: target.value })}
      />
      <Refused act={act} fields={["amount", "reason"]} />
      <SendOrLook
        act={act}
        isGrave
        look={() => (
          <button className="button" type="button" onClick={look}>
            {words("look")}
          </button>
        )}
        tell={(body) => formatAmount(body.amount)}
      >
        {francs === null ? t("send") : t("send_amount", { amount: formatAmount(francs) })}
      </SendOrLook>
    </form>
  );
}

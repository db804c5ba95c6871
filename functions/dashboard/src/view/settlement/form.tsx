"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { Operator, SettlementSet } from "@/api/money-out";
import { useWork } from "@/session/work";
import { readAmount } from "@/text/amount";
import { Dialog } from "../dialog";
import { Choice, Field, Refused, Send } from "../form";
import { Fact, Facts } from "../parts/facts";
import { HolderDoubts, HolderFact, NotLookedUp, useHolder } from "../payouts/holder";
import { OPERATORS } from "../payouts/row";
import { BLANK, bodyOf, DAYS } from "./body";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Has what is available go to a number of the merchant's own, after a look at whose it is. */
export function SettlementForm({ isAnother }: { isAnother: boolean }) {
  const t = useTranslations("settlement");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft("settlement", BLANK);
  const holder = useHolder<SettlementSet>("settlement.holder");
  const act = useAct(
    "settlement.set",
    (body: SettlementSet, idempotencyKey) =>
      answered(
        api.POST("/v1/account/settlement", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          body,
        }),
      ),
    (rule) => {
      holder.close();
      forget();
      queries.setQueryData(key("settlement"), rule);
    },
  );
  const ask = (event: FormEvent) => {
    event.preventDefault();
    const body = bodyOf(values);
    if (body !== null) {
      act.forget();
      holder.check(body, values.phone, values.operator);
    }
  };
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    if (holder.checked !== null) {
      act.act(holder.checked.body);
    }
  };
  const unread = (typed: string, param: string) =>
    typed !== "" && readAmount(typed) === null ? t("not_whole") : act.fault(param);
  return (
    <>
      <form className="card flex max-w-xl flex-col gap-4 p-4" onSubmit={ask}>
        <h2 className="font-semibold text-lg">{isAnother ? t("another") : t("set_up")}</h2>
        <Field
          autoComplete="off"
          fault={holder.look.fault("phone") ?? act.fault("destination[phone]")}
          inputMode="tel"
          label={t("phone")}
          maxLength={32}
          required
          value={values.phone}
          onChange={({ target }) => set({ phone: target.value })}
        />
        <Choice
          fault={holder.look.fault("operator") ?? act.fault("destination[operator]")}
          label={t("operator")}
          value={values.operator}
          onChange={({ target }) => set({ operator: target.value as Operator | "" })}
        >
          <option value="">{t("by_number")}</option>
          {Object.entries(OPERATORS).map(([operator, name]) => (
            <option key={operator} value={operator}>
              {name}
            </option>
          ))}
        </Choice>
        <Choice
          fault={act.fault("every")}
          label={t("every")}
          value={values.every}
          onChange={({ target }) => set({ every: target.value as SettlementSet["every"] })}
        >
          <option value="daily">{t("daily")}</option>
          <option value="weekly">{t("weekly")}</option>
        </Choice>
        {values.every === "weekly" ? (
          <Choice
            fault={act.fault("weekday")}
            label={t("weekday")}
            value={values.weekday}
            onChange={({ target }) => set({ weekday: target.value })}
          >
            {DAYS.map((day, at) => (
              <option key={day} value={at + 1}>
                {t(`days.${day}`)}
              </option>
            ))}
          </Choice>
        ) : null}
        <Choice
          fault={act.fault("hour")}
          label={t("hour")}
          value={values.hour}
          onChange={({ target }) => set({ hour: target.value })}
        >
          {HOURS.map((hour) => (
            <option key={hour} value={hour}>
              {t("at", { hour })}
            </option>
          ))}
        </Choice>
        <Field
          autoComplete="off"
          fault={unread(values.minimum, "minimum")}
          hint={t("minimum_hint")}
          inputMode="numeric"
          label={t("minimum")}
          maxLength={20}
          value={values.minimum}
          onChange={({ target }) => set({ minimum: target.value })}
        />
        <Field
          autoComplete="off"
          fault={unread(values.keepBack, "keep_back")}
          hint={t("keep_back_hint")}
          inputMode="numeric"
          label={t("keep_back")}
          maxLength={20}
          value={values.keepBack}
          onChange={({ target }) => set({ keepBack: target.value })}
        />
        <NotLookedUp error={holder.look.error} goOn={holder.goOn} />
        <Send act={holder.look}>{t("check")}</Send>
      </form>
      <Dialog close={holder.close} isOpen={holder.checked !== null} title={t("confirm")}>
        {holder.checked === null ? null : (
          <form className="flex flex-col gap-4" onSubmit={confirm}>
            <p>{t("confirm_means")}</p>
            <Facts>
              <HolderFact holder={holder.checked.holder} />
              <Fact name={t("phone")}>{holder.checked.body.destination.phone}</Fact>
            </Facts>
            <HolderDoubts holder={holder.checked.holder} typed="" />
            <Refused act={act} />
            <Send act={act}>{t("set")}</Send>
          </form>
        )}
      </Dialog>
    </>
  );
}

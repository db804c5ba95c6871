"use client";

import { useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import type { FormEvent } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { Operator, PayoutCreate } from "@/api/money-out";
import { useWork } from "@/session/work";
import { readAmount } from "@/text/amount";
import { minuteText } from "@/text/day";
import { formatAmount } from "@/text/money";
import { clock } from "@/text/time";
import { Available } from "../available";
import { Dialog } from "../dialog";
import { SendOrLook } from "../doubt";
import { Choice, Field, Refused, Send } from "../form";
import { MoneyOut } from "../money-out";
import { Fact, Facts } from "../parts/facts";
import { Time } from "../time";
import { HolderDoubts, HolderFact, NotLookedUp, useHolder } from "./holder";
import { LATEST, readLater } from "./later";
import { OPERATORS } from "./row";

const BLANK = {
  phone: "",
  operator: "" as Operator | "",
  amount: "",
  name: "",
  reference: "",
  description: "",
  later: "",
};
type Values = typeof BLANK;

/** Pays one number: what is typed, whose wallet it is, and only then the sending. */
export function NewPayout() {
  const t = useTranslations("pay");
  const act = useTranslations("act");
  const { api, key, path } = useWork();
  const router = useRouter();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft("payout", BLANK);
  const holder = useHolder<PayoutCreate>("payout.holder");
  const pay = useAct(
    "payout.create",
    (body: PayoutCreate, idempotencyKey) =>
      answered(
        api.POST("/v1/payouts", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          body,
        }),
      ),
    (payout) => {
      forget();
      queries.removeQueries({ queryKey: key("payouts", "list") });
      router.push(path(`/payouts/${payout.id}`));
    },
    true,
  );
  const amount = readAmount(values.amount);
  const later = readLater(values.later);
  const ask = (event: FormEvent) => {
    event.preventDefault();
    if (amount !== null && later !== null) {
      pay.forget();
      holder.check(bodyOf(values, amount, later), values.phone, values.operator);
    }
  };
  return (
    <MoneyOut>
      <Link className="text-accent underline" href={path("/payouts")} prefetch={false}>
        {t("back")}
      </Link>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <Available />
      <form className="card flex max-w-xl flex-col gap-4 p-4" onSubmit={ask}>
        <Field
          autoComplete="off"
          fault={holder.look.fault("phone") ?? pay.fault("destination[phone]")}
          inputMode="tel"
          label={t("phone")}
          maxLength={32}
          required
          value={values.phone}
          onChange={({ target }) => set({ phone: target.value })}
        />
        <Choice
          fault={holder.look.fault("operator") ?? pay.fault("destination[operator]")}
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
        <Field
          autoComplete="off"
          fault={values.amount !== "" && amount === null ? t("not_whole") : pay.fault("amount")}
          inputMode="numeric"
          label={t("amount")}
          maxLength={20}
          required
          value={values.amount}
          onChange={({ target }) => set({ amount: target.value })}
        />
        <Field
          autoComplete="off"
          fault={pay.fault("destination[name]")}
          hint={t("name_hint")}
          label={t("name")}
          maxLength={100}
          value={values.name}
          onChange={({ target }) => set({ name: target.value })}
        />
        <Field
          autoComplete="off"
          fault={pay.fault("reference")}
          hint={t("reference_hint")}
          label={t("reference")}
          maxLength={100}
          value={values.reference}
          onChange={({ target }) => set({ reference: target.value })}
        />
        <Field
          autoComplete="off"
          fault={pay.fault("description")}
          hint={t("description_hint")}
          label={t("description")}
          maxLength={500}
          value={values.description}
          onChange={({ target }) => set({ description: target.value })}
        />
        <Field
          fault={later === null ? t("later_wrong") : pay.fault("scheduled_at")}
          hint={t("later_hint")}
          label={t("later")}
          max={minuteText(clock.now() + LATEST)}
          min={minuteText(clock.now())}
          type="datetime-local"
          value={values.later}
          onChange={({ target }) => set({ later: target.value })}
        />
        <NotLookedUp error={holder.look.error} goOn={holder.goOn} />
        <Send act={holder.look}>{t("check")}</Send>
      </form>
      <Dialog
        close={holder.close}
        isOpen={holder.checked !== null}
        title={t("confirm", { amount: formatAmount(holder.checked?.body.amount ?? 0) })}
      >
        {holder.checked === null ? null : (
          <form
            className="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              if (holder.checked !== null) {
                pay.act(holder.checked.body);
              }
            }}
          >
            <Facts>
              <HolderFact holder={holder.checked.holder} />
              <Fact name={t("phone")}>{holder.checked.body.destination.phone}</Fact>
              <Fact name={t("operator")}>
                {holder.checked.holder === null ? null : OPERATORS[holder.checked.holder.operator]}
              </Fact>
              <Fact name={t("reference")}>{holder.checked.body.reference ?? null}</Fact>
              <Fact name={t("sent_at")}>
                {holder.checked.body.scheduled_at === undefined ? null : (
                  <Time seconds={holder.checked.body.scheduled_at} />
                )}
              </Fact>
            </Facts>
            <HolderDoubts holder={holder.checked.holder} typed={values.name} />
            <Refused act={pay} />
            <SendOrLook
              act={pay}
              look={({ destination }) => (
                <Link
                  className="button"
                  href={path(`/payouts?phone=${encodeURIComponent(destination.phone)}`)}
                  prefetch={false}
                >
                  {act("look")}
                </Link>
              )}
              tell={({ amount, destination }) => `${formatAmount(amount)}, ${destination.phone}`}
            >
              {t("send", { amount: formatAmount(holder.checked.body.amount) })}
            </SendOrLook>
          </form>
        )}
      </Dialog>
    </MoneyOut>
  );
}

function bodyOf(values: Values, amount: number, later: number | undefined): PayoutCreate {
  const { phone, operator, name, reference, description } = values;
  return {
    amount,
    currency: "xaf",
    destination: {
      type: "mobile_money",
      phone,
      ...(operator === "" ? {} : { operator }),
      ...(name.trim() === "" ? {} : { name: name.trim() }),
    },
    ...(reference.trim() === "" ? {} : { reference: reference.trim() }),
    ...(description.trim() === "" ? {} : { description: description.trim() }),
    ...(later === undefined ? {} : { scheduled_at: later }),
  };
}

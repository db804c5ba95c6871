"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { FRANCS } from "@/text/amount";
import { Ask, type Form } from "../../ask";
import { Choice, Field } from "../../form";
import { SIDES, useSide } from "./side";
import {
  BOOKING_KINDS,
  bookingWish,
  isOf,
  OPTIONAL_FIELDS,
  type OptionalField,
  type TypedBooking,
} from "./wish";

const MOST_WALLETS = 100;
const MODES = ["live", "test"] as const;
const EMPTY: TypedBooking = {
  account: "",
  mode: "live",
  kind: "correction",
  amount: "",
  about: "",
  case: "",
  operator_account: "",
  operator_transaction: "",
  debit: "",
  credit: "",
  reason: "",
};

/** Asks another administrator to book something by hand. */
export function ProposeBooking() {
  const t = useTranslations("bookings");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  return (
    <Ask
      button={t("propose")}
      done={() => void queries.invalidateQueries({ queryKey: key("bookings") })}
      fields={["account", "mode", "kind", "amount", "reason", ...OPTIONAL_FIELDS]}
      initial={EMPTY}
      name="propose_booking"
      send={(typed) => answered(api.POST("/v1/platform/bookings", { body: bookingWish(typed) }))}
      title={t("propose_title")}
    >
      {(form) => <BookingForm {...form} />}
    </Ask>
  );
}

function BookingForm({ values, set, fault }: Form<TypedBooking>) {
  const t = useTranslations("bookings");
  const ask = useTranslations("ask");
  const platform = useTranslations("platform");
  return (
    <>
      <Choice
        fault={fault("kind")}
        hint={t(`hints.${values.kind}`)}
        label={t("kind")}
        value={values.kind}
        onChange={({ target }) =>
          set({ kind: BOOKING_KINDS.find((each) => each === target.value) ?? values.kind })
        }
      >
        {BOOKING_KINDS.map((each) => (
          <option key={each} value={each}>
            {t(`kinds.${each}`)}
          </option>
        ))}
      </Choice>
      <Field
        autoComplete="off"
        fault={fault("account")}
        label={t("account")}
        maxLength={40}
        required
        value={values.account}
        onChange={({ target }) => set({ account: target.value })}
      />
      <Choice
        fault={fault("mode")}
        label={t("mode")}
        value={values.mode}
        onChange={({ target }) =>
          set({ mode: MODES.find((each) => each === target.value) ?? values.mode })
        }
      >
        {MODES.map((each) => (
          <option key={each} value={each}>
            {platform(each)}
          </option>
        ))}
      </Choice>
      <Field
        fault={fault("amount")}
        inputMode="numeric"
        label={t("amount")}
        maxLength={17}
        pattern={FRANCS}
        required
        value={values.amount}
        onChange={({ target }) => set({ amount: target.value })}
      />
      {OPTIONAL_FIELDS.filter((name) => isOf(values.kind, name)).map((name) => (
        <OptionalInput fault={fault} key={name} name={name} set={set} values={values} />
      ))}
      <Field
        fault={fault("reason")}
        hint={ask("hint")}
        label={ask("reason")}
        maxLength={500}
        required
        value={values.reason}
        onChange={({ target }) => set({ reason: target.value })}
      />
    </>
  );
}

function OptionalInput(props: Form<TypedBooking> & { name: OptionalField }) {
  const { name, values, set, fault } = props;
  const t = useTranslations("bookings");
  const side = useSide();
  const { api, key } = usePlace();
  const wallets = useQuery({
    queryKey: key("floats", "all"),
    queryFn: () =>
      answered(api.GET("/v1/platform/floats", { params: { query: { limit: MOST_WALLETS } } })),
  });
  const common = { fault: fault(name), label: t(name), value: values[name] };
  return name === "debit" || name === "credit" ? (
    <Choice {...common} required onChange={({ target }) => set({ [name]: target.value })}>
      <option value="">{t("choose")}</option>
      {SIDES.map((code) => (
        <option key={code} value={code}>
          {side(code)}
        </option>
      ))}
      {wallets.data?.data
        .filter(({ mode }) => mode === values.mode)
        .map(({ id, operator, product }) => (
          <option key={id} value={`float:${id}`}>
            {operator} · {product} · {id}
          </option>
        ))}
    </Choice>
  ) : (
    <Field
      {...common}
      autoComplete="off"
      maxLength={100}
      onChange={({ target }) => set({ [name]: target.value })}
    />
  );
}

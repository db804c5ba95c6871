"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { FRANCS } from "@/text/amount";
import { Ask } from "../ask";
import { Choice, Field } from "../form";
import { MOVE_KINDS, moveWish, type TypedMove } from "./move-wish";

const MOST_WALLETS = 100;
const MODES = ["live", "test"] as const;
const EMPTY: TypedMove = {
  mode: "live",
  kind: "sweep",
  from: "",
  to: "",
  account: "",
  amount: "",
  reference: "",
  reason: "",
};

/** Tells the books what people did at an operator or the bank; another administrator books it. */
export function ProposeMove() {
  const t = useTranslations("floats");
  const ask = useTranslations("ask");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const wallets = useQuery({
    queryKey: key("floats", "all"),
    queryFn: () =>
      answered(api.GET("/v1/platform/floats", { params: { query: { limit: MOST_WALLETS } } })),
  });
  return (
    <Ask
      button={t("propose")}
      done={() => void queries.invalidateQueries({ queryKey: key("float_moves") })}
      fields={["kind", "mode", "from", "to", "account", "amount", "reference", "reason"]}
      initial={EMPTY}
      name="propose_float_move"
      send={(typed) => answered(api.POST("/v1/platform/float_moves", { body: moveWish(typed) }))}
      title={t("propose_title")}
    >
      {({ values, set, fault }) => (
        <>
          <Choice
            fault={fault("kind")}
            label={t("kind")}
            value={values.kind}
            onChange={({ target }) =>
              set({ kind: MOVE_KINDS.find((each) => each === target.value) ?? values.kind })
            }
          >
            {MOVE_KINDS.map((each) => (
              <option key={each} value={each}>
                {t(`kinds.${each}`)}
              </option>
            ))}
          </Choice>
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
          {(["from", "to"] as const).map((end) => (
            <Choice
              fault={fault(end)}
              key={end}
              label={t(end)}
              value={values[end]}
              onChange={({ target }) => set({ [end]: target.value })}
            >
              <option value="">{t("outside")}</option>
              {wallets.data?.data
                .filter(({ mode }) => mode === values.mode)
                .map(({ id, operator, product }) => (
                  <option key={id} value={id}>
                    {operator} · {product} · {id}
                  </option>
                ))}
            </Choice>
          ))}
          {values.kind === "merchant_top_up" ? (
            <Field
              autoComplete="off"
              fault={fault("account")}
              label={t("account")}
              required
              value={values.account}
              onChange={({ target }) => set({ account: target.value })}
            />
          ) : null}
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
          <Field
            autoComplete="off"
            fault={fault("reference")}
            label={t("reference")}
            maxLength={100}
            required
            value={values.reference}
            onChange={({ target }) => set({ reference: target.value })}
          />
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
      )}
    </Ask>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ApiError, answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Ask } from "../ask";
import { Field } from "../form";
import { Section } from "../parts/section";

/** Empties the test mode, once the account's name was typed. */
export function TestData() {
  const t = useTranslations("test_data");
  const { api, key, membership } = useWork();
  const queries = useQueryClient();
  const [deleted, setDeleted] = useState<number | null>(null);
  return (
    <Section
      aside={
        <Ask
          button={t("delete")}
          fields={["name"]}
          initial={{ name: "" }}
          isGrave
          name="delete_test_data"
          send={async ({ name }, idempotencyKey) => {
            if (name.trim() !== membership.name) {
              throw new ApiError(400, "parameter_invalid", t("another_name"), "name");
            }
            return answered(
              api.POST("/v1/account/delete_test_data", {
                params: { header: { "Idempotency-Key": idempotencyKey } },
              }),
            );
          }}
          done={({ charges }) => {
            setDeleted(charges);
            void queries.invalidateQueries({ queryKey: key() });
          }}
          title={t("delete_title")}
        >
          {({ values, set, fault }) => (
            <>
              <p>{t("gone")}</p>
              <Field
                autoComplete="off"
                fault={fault("name")}
                hint={membership.name}
                label={t("name")}
                required
                value={values.name}
                onChange={({ target }) => set({ name: target.value })}
              />
            </>
          )}
        </Ask>
      }
      id="test-data"
      title={t("title")}
    >
      <div className="card p-4">
        <p>{t("line")}</p>
        <p className="mt-3 min-h-6 text-soft text-sm" role="status">
          {deleted === null ? null : t("deleted", { count: deleted })}
        </p>
      </div>
    </Section>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { useState } from "react";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask } from "../ask";
import { Field } from "../form";

/** Offers an account that nobody owns to its first owner. */
export function InviteOwner({ id }: { id: string }) {
  const t = useTranslations("platform_account");
  const team = useTranslations("team");
  const { api } = usePlace();
  const [told, setTold] = useState<string | null>(null);
  return (
    <>
      <Ask
        button={t("invite_owner")}
        fields={["email"]}
        initial={{ email: "" }}
        name={`invite_first_owner.${id}`}
        send={(body) =>
          answered(api.POST("/v1/accounts/{id}/owner", { params: { path: { id } }, body }))
        }
        title={t("invite_owner")}
        done={({ email }) => setTold(email)}
      >
        {({ values, set, fault }) => (
          <Field
            autoComplete="off"
            fault={fault("email")}
            hint={team("email_hint")}
            label={team("email")}
            maxLength={254}
            required
            type="email"
            value={values.email}
            onChange={({ target }) => set({ email: target.value })}
          />
        )}
      </Ask>
      <p className="self-center text-soft text-sm empty:hidden" role="status">
        {told === null ? null : t("invited", { email: told })}
      </p>
    </>
  );
}

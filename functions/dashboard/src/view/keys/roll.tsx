"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { type Overlap, OverlapChoice } from "../developers/overlap";
import { Secret } from "../developers/secret";
import { Refused, Send } from "../form";
import { Back, Part } from "../parts/heading";
import type { ApiKey } from "./key-terms";

const USUAL: { readonly overlap: Overlap } = { overlap: "86400" };

/** Puts a new key in the place of one; both work for a while. */
export function Roll({ apiKey }: { apiKey: ApiKey }) {
  const t = useTranslations("keys");
  const { api, key, path } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft(`roll.${apiKey.id}`, USUAL);
  const [made, setMade] = useState<components["schemas"]["ApiKeyMade"] | null>(null);
  const look = () => {
    void queries.invalidateQueries({ queryKey: key("key", apiKey.id) });
    void queries.invalidateQueries({ queryKey: key("keys") });
  };
  const act = useAct(
    `roll.${apiKey.id}`,
    (body: { overlap_seconds: number }, attempt: string) =>
      answered(
        api.POST("/v1/api_keys/{id}/rotate", {
          params: { path: { id: apiKey.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (answer) => {
      forget();
      setMade(answer);
      look();
    },
  );
  if (made !== null) {
    return (
      <Secret secret={made.secret} title={t("secret_new")}>
        <Back href={path(`/developers/keys/${made.id}`)}>{t("to_new")}</Back>
      </Secret>
    );
  }
  if (!apiKey.active || apiKey.rotated_to !== null) {
    return null;
  }
  return (
    <Part title={t("roll_title")}>
      <form
        className="card flex flex-col items-start gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          act.act({ overlap_seconds: Number(values.overlap) });
        }}
      >
        <p>{t("roll_what")}</p>
        <OverlapChoice
          change={(overlap) => set({ overlap })}
          fault={act.fault("overlap_seconds")}
          value={values.overlap}
        />
        <Refused act={act} fields={["overlap_seconds"]} unknown={t("unknown_rolled")} />
        <Send act={act}>{t("roll")}</Send>
      </form>
    </Part>
  );
}

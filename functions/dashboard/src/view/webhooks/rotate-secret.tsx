"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { type Overlap, OverlapChoice } from "../developers/overlap";
import { Refused, Send } from "../form";
import { Part } from "../parts/heading";
import { SigningSecret } from "./signing-secret";
import type { Endpoint, EndpointMade } from "./webhook-terms";

const USUAL: { readonly overlap: Overlap } = { overlap: "86400" };

/** Has its webhooks signed with something new, beside the old for a while. */
export function RotateSecret({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft(`rotate.${endpoint.id}`, USUAL);
  const [made, setMade] = useState<EndpointMade | null>(null);
  const act = useAct(
    `rotate.${endpoint.id}`,
    (body: { overlap_seconds: number }, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}/rotate_secret", {
          params: { path: { id: endpoint.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (answer) => {
      forget();
      setMade(answer);
      void queries.invalidateQueries({ queryKey: key("endpoint", endpoint.id) });
    },
  );
  if (made !== null) {
    return <SigningSecret made={made} />;
  }
  return (
    <Part title={t("rotate_title")}>
      <form
        className="card flex flex-col items-start gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          act.act({ overlap_seconds: Number(values.overlap) });
        }}
      >
        <OverlapChoice
          change={(overlap) => set({ overlap })}
          fault={act.fault("overlap_seconds")}
          value={values.overlap}
        />
        <Refused act={act} fields={["overlap_seconds"]} unknown={t("unknown_rotated")} />
        <Send act={act}>{t("rotate")}</Send>
      </form>
    </Part>
  );
}

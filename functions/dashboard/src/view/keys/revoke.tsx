"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Dialog } from "../dialog";
import { Refused, Send } from "../form";
import { type ApiKey, keyHint } from "./key-terms";

/** Ends a key for good, once she has said so twice. */
export function Revoke({ apiKey }: { apiKey: ApiKey }) {
  const t = useTranslations("keys");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const act = useAct(
    `revoke.${apiKey.id}`,
    (body: Record<string, never>, attempt: string) =>
      answered(
        api.POST("/v1/api_keys/{id}/revoke", {
          params: { path: { id: apiKey.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (revoked) => {
      setAsking(false);
      queries.setQueryData(key("key", apiKey.id), revoked);
      void queries.invalidateQueries({ queryKey: key("keys") });
    },
  );
  return (
    <>
      <button
        className="button-plain self-start text-bad"
        type="button"
        onClick={() => {
          act.forget();
          setAsking(true);
        }}
      >
        {t("revoke")}
      </button>
      <Dialog close={() => setAsking(false)} isOpen={isAsking} title={t("revoke")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            act.act({});
          }}
        >
          <p className="[overflow-wrap:anywhere]">
            <bdi>{apiKey.name ?? t("nameless")}</bdi> · <code>{keyHint(apiKey)}</code>
          </p>
          <p>{t("revoke_what")}</p>
          <Refused act={act} />
          <Send act={act} isGrave>
            {t("revoke_now")}
          </Send>
        </form>
      </Dialog>
    </>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Dialog } from "../dialog";
import { Refused, Send } from "../form";
import type { Endpoint } from "./webhook-terms";

/** Deletes an endpoint for good, once she has said so twice. */
export function DeleteEndpoint({ endpoint, done }: { endpoint: Endpoint; done: () => void }) {
  const t = useTranslations("webhooks");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const act = useAct(
    `delete.${endpoint.id}`,
    // The same call again answers the same, so it needs no key.
    () =>
      answered(api.DELETE("/v1/webhook_endpoints/{id}", { params: { path: { id: endpoint.id } } })),
    () => {
      done();
      void queries.invalidateQueries({ queryKey: key("endpoints") });
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
        {t("delete")}
      </button>
      <Dialog close={() => setAsking(false)} isOpen={isAsking} title={t("delete")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            act.act({});
          }}
        >
          <p className="[overflow-wrap:anywhere]">{endpoint.url}</p>
          <p>{t("delete_what")}</p>
          <Refused act={act} />
          <Send act={act} isGrave>
            {t("delete_now")}
          </Send>
        </form>
      </Dialog>
    </>
  );
}

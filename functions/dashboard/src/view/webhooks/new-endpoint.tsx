"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused, Send } from "../form";
import { Back, Heading } from "../parts/heading";
import { ENDPOINT_FIELDS, EndpointFields } from "./endpoint-fields";
import { createBody, EMPTY, type EndpointForm } from "./endpoint-form";
import { SigningSecret } from "./signing-secret";
import type { EndpointMade } from "./webhook-terms";

/** Makes an endpoint, and shows this once with what its webhooks are signed. */
export function NewEndpoint() {
  const t = useTranslations("webhooks");
  const { api, key, path } = useWork();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft<EndpointForm>("endpoint", EMPTY);
  const [made, setMade] = useState<EndpointMade | null>(null);
  const act = useAct(
    "endpoint",
    (body: ReturnType<typeof createBody>, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints", {
          params: { header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (answer) => {
      forget();
      setMade(answer);
      void queries.invalidateQueries({ queryKey: key("endpoints") });
    },
  );
  if (made !== null) {
    return (
      <>
        <Heading title={made.url} />
        <SigningSecret made={made}>
          <Back href={path(`/developers/webhooks/${made.id}`)}>{t("to_endpoint")}</Back>
        </SigningSecret>
      </>
    );
  }
  return (
    <>
      <Back href={path("/developers/webhooks")}>{t("title")}</Back>
      <Heading title={t("new")} />
      <form
        className="card flex flex-col gap-4 p-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          act.act(createBody(values));
        }}
      >
        <EndpointFields fault={act.fault} isNew set={set} values={values} />
        <Refused act={act} fields={ENDPOINT_FIELDS} unknown={t("unknown_made")} />
        <div>
          <Send act={act}>{t("form.make")}</Send>
        </div>
      </form>
    </>
  );
}

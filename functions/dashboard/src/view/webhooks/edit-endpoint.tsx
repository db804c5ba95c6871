"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useAct, useDraft } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused, Send } from "../form";
import { Back, Heading } from "../parts/heading";
import { Failed, Loading } from "../states";
import { ENDPOINT_FIELDS, EndpointFields } from "./endpoint-fields";
import { type EndpointForm, formOf, updateBody } from "./endpoint-form";
import { useEndpoint } from "./use-endpoint";
import type { Endpoint } from "./webhook-terms";

/** Changes what of an endpoint can be changed. */
export function EditEndpoint({ id }: { id: string }) {
  const t = useTranslations("webhooks");
  const { path } = useWork();
  const { data, error, refetch } = useEndpoint(id);
  return (
    <>
      <Back href={path(`/developers/webhooks/${id}`)}>{t("to_endpoint")}</Back>
      <Heading title={t("edit")} />
      {data !== undefined ? (
        <Form endpoint={data} />
      ) : (
        <div className="card">
          {error === null ? (
            <Loading rows={6} />
          ) : (
            <Failed again={() => void refetch()} error={error} />
          )}
        </div>
      )}
    </>
  );
}

function Form({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations("webhooks");
  const { api, key, path } = useWork();
  const { id } = endpoint;
  const router = useRouter();
  const queries = useQueryClient();
  const { values, set, forget } = useDraft<EndpointForm>(`endpoint.${id}`, formOf(endpoint));
  const act = useAct(
    `endpoint.${id}`,
    (body: ReturnType<typeof updateBody>, attempt: string) =>
      answered(
        api.POST("/v1/webhook_endpoints/{id}", {
          params: { path: { id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (changed) => {
      forget();
      queries.setQueryData(key("endpoint", id), changed);
      void queries.invalidateQueries({ queryKey: key("endpoints") });
      router.push(path(`/developers/webhooks/${id}`));
    },
  );
  return (
    <form
      className="card flex flex-col gap-4 p-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        act.act(updateBody(values));
      }}
    >
      <EndpointFields fault={act.fault} isNew={false} set={set} values={values} />
      <Refused act={act} fields={ENDPOINT_FIELDS} />
      <div>
        <Send act={act}>{t("form.save")}</Send>
      </div>
    </form>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { type ApiKey, keyHint, keyState, LOOKS } from "./key-terms";
import { Revoke } from "./revoke";
import { Roll } from "./roll";

/** One key: what it may do, when it was used, and its end. */
export function KeyPage({ id }: { id: string }) {
  const t = useTranslations("keys");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("key", id),
    queryFn: () => answered(api.GET("/v1/api_keys/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Back href={path("/developers/keys")}>{t("title")}</Back>
      {data !== undefined ? (
        <>
          <About apiKey={data} />
          <Roll key={data.id} apiKey={data} />
          {data.active ? <Revoke key={`revoke ${data.id}`} apiKey={data} /> : null}
        </>
      ) : (
        <div className="card">
          <h1 className="sr-only">{t("one")}</h1>
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

function About({ apiKey }: { apiKey: ApiKey }) {
  const t = useTranslations("keys");
  const { path } = useWork();
  const state = keyState(apiKey);
  const moment = (seconds: number | null) =>
    seconds === null ? null : <Time isExact seconds={seconds} />;
  return (
    <section className="card flex flex-col gap-4 p-4">
      <Heading title={apiKey.name ?? t("nameless")}>
        <Mark look={LOOKS[state]}>{t(`state.${state}`)}</Mark>
      </Heading>
      <Facts>
        <Fact name={t("form.kind")}>{t(`kind.${apiKey.kind}`)}</Fact>
        <Fact name={t("ends_in")}>
          <code>{keyHint(apiKey)}</code>
        </Fact>
        <Fact name={t("made")}>{moment(apiKey.created)}</Fact>
        <Fact name={t("used")}>{moment(apiKey.last_used_at) ?? t("never")}</Fact>
        <Fact name={t("form.scopes")}>
          {apiKey.scopes.includes("*") ? t("all") : apiKey.scopes.join(", ") || null}
        </Fact>
        <Fact name={t("form.allowed_from")}>
          {apiKey.allowed_from.join(", ") || t("everywhere")}
        </Fact>
        <Fact name={t("expires")}>{moment(apiKey.expires_at)}</Fact>
        <Fact name={t("overlap_until")}>{moment(apiKey.overlap_until)}</Fact>
        <Fact name={t("review_by")}>{moment(apiKey.review_by)}</Fact>
        <Fact name={t("revoked")}>{moment(apiKey.revoked_at)}</Fact>
        <Fact name={t("rotated_to")}>
          {apiKey.rotated_to === null ? null : (
            <Link
              className="text-accent underline"
              href={path(`/developers/keys/${apiKey.rotated_to}`)}
              prefetch={false}
            >
              {apiKey.rotated_to}
            </Link>
          )}
        </Fact>
        <Fact name={t("id")}>{apiKey.id}</Fact>
      </Facts>
    </section>
  );
}

"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Refused, Send } from "../form";
import { Copy } from "../parts/copy";
import { Fact, Facts } from "../parts/facts";
import { Back, Heading, Part } from "../parts/heading";
import { Mark } from "../parts/mark";
import { Failed, Loading } from "../states";
import { Time } from "../time";
import { twinQuery } from "./link-form";
import { LinkPayments } from "./link-payments";
import { amountWords, LOOKS, linkState, type PaymentLink } from "./link-terms";

const QR_PIXELS = 220;

/** One payment link: its address to send or to scan, and what was paid on it. */
export function PaymentLinkPage({ id }: { id: string }) {
  const t = useTranslations("links");
  const { api, key, path } = useWork();
  const { data, error, refetch } = useQuery({
    queryKey: key("link", id),
    queryFn: () => answered(api.GET("/v1/payment_links/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Back href={path("/links")}>{t("title")}</Back>
      {data !== undefined ? (
        <>
          <About link={data} />
          <Address link={data} />
          <LinkPayments link={data} />
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

function About({ link }: { link: PaymentLink }) {
  const t = useTranslations("links");
  const { words, values } = amountWords(link);
  const state = linkState(link);
  return (
    <section className="card flex flex-col gap-4 p-4">
      <Heading title={t(`amount.${words}`, values)}>
        <Mark look={LOOKS[state]}>{t(`state.${state}`)}</Mark>
      </Heading>
      <Facts>
        <Fact name={t("form.description")}>{link.description}</Fact>
        <Fact name={t("form.reference")}>{link.reference}</Fact>
        <Fact name={t("made")}>
          <Time isExact seconds={link.created} />
        </Fact>
        <Fact name={t("ends")}>
          {link.expires_at === null ? t("never") : <Time seconds={link.expires_at} />}
        </Fact>
        <Fact name={t("id")}>{link.id}</Fact>
      </Facts>
      {state === "expired" ? null : <Switch link={link} />}
    </section>
  );
}

/** Lets nobody begin a payment on it for a while, or again. */
function Switch({ link }: { link: PaymentLink }) {
  const t = useTranslations("links");
  const { api, key } = useWork();
  const queries = useQueryClient();
  const act = useAct(
    `link.${link.id}`,
    (body: { active: boolean }, attempt: string) =>
      answered(
        api.POST("/v1/payment_links/{id}", {
          params: { path: { id: link.id }, header: { "Idempotency-Key": attempt } },
          body,
        }),
      ),
    (changed) => {
      queries.setQueryData(key("link", link.id), changed);
      void queries.invalidateQueries({ queryKey: key("links") });
    },
  );
  return (
    <form
      className="flex flex-col items-start gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        act.act({ active: !link.active });
      }}
    >
      <p className="text-soft text-sm">{t(link.active ? "pause_hint" : "resume_hint")}</p>
      <Refused act={act} />
      <Send act={act}>{t(link.active ? "pause" : "resume")}</Send>
    </form>
  );
}

function Address({ link }: { link: PaymentLink }) {
  const t = useTranslations("links");
  const { scope } = useWork();
  const qr = `/pay/${link.id}/qr.svg`;
  return (
    <Part title={t("address")}>
      <div className="card flex flex-col gap-4 p-4">
        <Copy label={t("copy")} text={link.url} />
        <div className="flex flex-wrap items-end gap-4">
          {/* biome-ignore lint/performance/noImgElement: an SVG of the API, which nothing makes smaller */}
          <img
            alt={t("qr")}
            className="rounded-lg bg-white"
            height={QR_PIXELS}
            src={qr}
            width={QR_PIXELS}
          />
          <div className="flex flex-wrap gap-3">
            <a className="button-plain" download={`${link.id}.svg`} href={qr}>
              {t("qr_save")}
            </a>
            <a className="button-plain" href={`/pay/${link.id}`} rel="noopener" target="_blank">
              {t("preview")}
            </a>
            {scope.mode === "live" ? (
              <Link
                className="button-plain"
                href={`/${scope.account}/test/links/new${twinQuery(link)}`}
                prefetch={false}
              >
                {t("twin")}
              </Link>
            ) : null}
          </div>
        </div>
        <p className="text-soft text-sm">{t(`try.${scope.mode}`)}</p>
      </div>
    </Part>
  );
}

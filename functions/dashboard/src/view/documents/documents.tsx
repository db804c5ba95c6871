"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { clock } from "@/text/time";
import { Day } from "../parts/day";
import { Heading, Part } from "../parts/heading";
import { Paged, usePaged } from "../parts/paged";
import { Time } from "../time";

const SOON_SECONDS = 120;

/** What we issued: invoices of our fees, and a receipt of each payment in, back and out. */
export function Documents() {
  const t = useTranslations("documents");
  return (
    <>
      <Heading title={t("title")} />
      <Invoices />
      <Receipts />
    </>
  );
}

function Invoices() {
  const t = useTranslations("documents");
  const { api, key } = useWork();
  const list = usePaged({
    queryKey: key("invoices"),
    limit: 12,
    fetch: (query) => answered(api.GET("/v1/invoices", { params: { query } })),
  });
  return (
    <Part title={t("invoices")}>
      <Paged list={list} none={t("no_invoices")}>
        {(invoice) => (
          <Paper
            href={invoice.invoice_pdf}
            more={
              <>
                <Day seconds={invoice.period_start} />
                {" – "}
                <Day seconds={invoice.period_end - 1} />
              </>
            }
            name={invoice.number}
            side={formatAmount(invoice.total)}
          />
        )}
      </Paged>
    </Part>
  );
}

function Receipts() {
  const t = useTranslations("documents");
  const { api, key } = useWork();
  const list = usePaged({
    queryKey: key("receipts"),
    fetch: (query) => answered(api.GET("/v1/receipts", { params: { query } })),
    // The paper is stored some seconds after the payment.
    isMoving: (receipts) =>
      receipts.some(
        ({ pdf_url, created }) => pdf_url === null && created > clock.now() - SOON_SECONDS,
      ),
  });
  return (
    <Part title={t("receipts")}>
      <Paged list={list} none={t("no_receipts")}>
        {(receipt) => (
          <Paper
            href={receipt.pdf_url}
            more={t(`kind.${receipt.kind}`)}
            name={receipt.number}
            side={<Time seconds={receipt.created} />}
          />
        )}
      </Paged>
    </Part>
  );
}

/** A paper in two lines, and where its PDF is. */
function Paper(props: { name: string; more: ReactNode; side: ReactNode; href: string | null }) {
  const { name, more, side, href } = props;
  const t = useTranslations("documents");
  return (
    <div className="grid min-h-20 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-2">
      <p className="flex min-w-0 flex-col">
        <span className="font-semibold [overflow-wrap:anywhere]">{name}</span>
        <span className="flex flex-wrap gap-x-2 text-soft text-sm">
          <span>{more}</span>
          <span>{side}</span>
        </span>
      </p>
      {href === null ? (
        <span className="text-soft text-sm">{t("soon")}</span>
      ) : (
        <a aria-label={t("pdf_of", { name })} className="button-plain" href={href} rel="noreferrer">
          {t("pdf")}
        </a>
      )}
    </div>
  );
}

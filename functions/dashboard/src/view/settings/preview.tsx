"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useEffect, useRef } from "react";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { type ChosenLogo, fit } from "./logo";

const AMOUNT = 12_500;
const LOGO_SIDE = 160;

/** A receipt in small, in the account's own words: paper is white whatever the reader's colours. */
export function Preview(props: {
  name: string;
  language: "fr" | "en";
  footer: string;
  logo: string | null;
}) {
  const { name, language, footer, logo } = props;
  const t = useTranslations("receipt_look");
  const title = language === "fr" ? "Reçu de paiement" : "Payment receipt";
  const to = language === "fr" ? "Payé à" : "Paid to";
  return (
    <figure className="flex min-w-0 flex-col gap-2">
      <figcaption className="text-soft text-sm">{t("preview")}</figcaption>
      <div className="flex flex-col gap-3 rounded-xl border border-line bg-white p-4 font-serif text-[#17233b]">
        <p className="border-[#17233b] border-b-2 pb-1" lang={language}>
          {title}
        </p>
        <div className="flex min-h-20 items-center justify-between gap-3">
          <p className="min-w-0">
            <span className="block text-[#4d5866] text-sm" lang={language}>
              {to}
            </span>
            <span className="font-bold text-xl [overflow-wrap:anywhere]">{name}</span>
          </p>
          {logo === null ? null : <Logo file={logo} />}
        </div>
        <p className="rounded-lg bg-[#edf5f1] p-3 font-bold text-2xl">{formatAmount(AMOUNT)}</p>
        <p className="min-h-10 border-[#d9dee6] border-t pt-2 text-[#4d5866] text-sm [overflow-wrap:anywhere]">
          {footer}
        </p>
      </div>
    </figure>
  );
}

/** The picture where this page was given it; else a word in its place. */
function Logo({ file }: { file: string }) {
  const t = useTranslations("receipt_look");
  const { key } = useWork();
  const queries = useQueryClient();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { data } = useQuery<ChosenLogo | null>({
    queryKey: key("logo", file),
    // Nobody can be asked for it again: what this page was given stays as long as the page does.
    queryFn: () => queries.getQueryData<ChosenLogo>(key("logo", file)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const content = data?.content;
  useEffect(() => {
    if (content !== undefined) {
      void createImageBitmap(content).then((picture) => {
        const [width, height] = fit(picture.width, picture.height, LOGO_SIDE);
        if (canvas.current !== null) {
          Object.assign(canvas.current, { width, height });
          canvas.current.getContext("2d")?.drawImage(picture, 0, 0, width, height);
        }
      });
    }
  }, [content]);
  return content === undefined ? (
    <p className="rounded-lg border border-[#8a94a3] border-dashed p-3 text-[#4d5866] text-sm">
      {t("kept")}
    </p>
  ) : (
    <canvas
      aria-label={t("logo")}
      className="max-h-20 max-w-28 object-contain"
      ref={canvas}
      role="img"
    />
  );
}

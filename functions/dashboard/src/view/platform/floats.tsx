"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { Facts, Named, Section } from "../named";
import { Paged } from "../paged";
import { Time } from "../time";
import { Move } from "./move";
import { ProposeMove } from "./propose-move";

type Float = components["schemas"]["Float"];

/** The wallets at operators with what was read of each last, and money that people moved. */
export function Floats() {
  const t = useTranslations("floats");
  const platform = useTranslations("platform");
  const { api, key } = usePlace();
  return (
    <>
      <h1 className="font-semibold text-xl">{platform("floats")}</h1>
      <Section id="wallets" title={t("wallets")}>
        <Paged
          fetch={(query) => answered(api.GET("/v1/platform/floats", { params: { query } }))}
          name={key("floats")}
          none={t("no_wallets")}
        >
          {(float) => <Wallet float={float} />}
        </Paged>
      </Section>
      <Section aside={<ProposeMove />} id="moves" title={t("moves")}>
        <Paged
          fetch={(query) => answered(api.GET("/v1/platform/float_moves", { params: { query } }))}
          name={key("float_moves")}
          none={t("no_moves")}
        >
          {(move) => <Move move={move} />}
        </Paged>
      </Section>
    </>
  );
}

function Wallet({ float }: { float: Float }) {
  const t = useTranslations("floats");
  const platform = useTranslations("platform");
  const { reading } = float;
  const differs = reading !== null && reading.difference !== null && reading.difference !== 0;
  return (
    <div className="flex flex-col gap-3 p-4">
      <div>
        <p className="font-medium">
          {float.operator} · {float.product} · {platform(float.mode)}
        </p>
        <p className="text-soft text-sm [overflow-wrap:anywhere]">{float.id}</p>
      </div>
      {reading === null ? (
        <p className="text-soft">{t("unread")}</p>
      ) : (
        <Facts>
          <Named name={t("balance")}>
            {reading.balance === null ? reading.word : formatAmount(reading.balance)}
          </Named>
          <Named name={t("as_of")}>
            <Time seconds={reading.as_of} />
          </Named>
          <Named name={t("share")}>{formatAmount(reading.share)}</Named>
          <Named name={t("own")}>{formatAmount(reading.own)}</Named>
          <Named name={t("coming")}>{formatAmount(reading.coming)}</Named>
          <Named name={t("going")}>{formatAmount(reading.going)}</Named>
          <Named name={t("difference")}>
            {reading.difference === null ? null : (
              <span className={differs ? "font-semibold text-bad" : ""}>
                {formatAmount(reading.difference)}
              </span>
            )}
          </Named>
          <Named name={t("owner")}>
            {float.owner === "platform" ? t("platform") : float.owner}
          </Named>
        </Facts>
      )}
    </div>
  );
}

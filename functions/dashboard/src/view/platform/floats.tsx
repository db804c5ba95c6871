"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { Fact, Facts } from "../parts/facts";
import { Mark } from "../parts/mark";
import { Fetched } from "../parts/paged";
import { Section } from "../parts/section";
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
        <Fetched
          fetch={(query) => answered(api.GET("/v1/platform/floats", { params: { query } }))}
          name={key("floats")}
          none={t("no_wallets")}
        >
          {(float) => <Wallet float={float} />}
        </Fetched>
      </Section>
      <Section aside={<ProposeMove />} id="moves" title={t("moves")}>
        <Fetched
          fetch={(query) => answered(api.GET("/v1/platform/float_moves", { params: { query } }))}
          name={key("float_moves")}
          none={t("no_moves")}
        >
          {(move) => <Move move={move} />}
        </Fetched>
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
      <Answers float={float} />
      {reading === null ? (
        <p className="text-soft">{t("unread")}</p>
      ) : (
        <Facts>
          <Fact name={t("balance")}>
            {reading.balance === null ? reading.word : formatAmount(reading.balance)}
          </Fact>
          <Fact name={t("as_of")}>
            <Time seconds={reading.as_of} />
          </Fact>
          <Fact name={t("share")}>{formatAmount(reading.share)}</Fact>
          <Fact name={t("own")}>{formatAmount(reading.own)}</Fact>
          <Fact name={t("coming")}>{formatAmount(reading.coming)}</Fact>
          <Fact name={t("going")}>{formatAmount(reading.going)}</Fact>
          <Fact name={t("difference")}>
            {reading.difference === null ? null : (
              <span className={differs ? "font-semibold text-bad" : ""}>
                {formatAmount(reading.difference)}
              </span>
            )}
          </Fact>
          <Fact name={t("owner")}>{float.owner === "platform" ? t("platform") : float.owner}</Fact>
        </Facts>
      )}
    </div>
  );
}

/** Whether its operator answers, and what it does not answer since when. */
function Answers({ float }: { float: Float }) {
  const t = useTranslations("floats");
  return float.cut_off.length === 0 ? (
    <Mark look="good">{t("answers")}</Mark>
  ) : (
    <ul className="flex flex-col gap-1">
      {float.cut_off.map(({ operation, since }) => (
        <li className="flex flex-wrap gap-x-3" key={operation}>
          <Mark look="bad">{t(`cut_off.${operation}`)}</Mark>
          <span className="text-soft text-sm">
            {t("since")} <Time seconds={since} />
          </span>
        </li>
      ))}
    </ul>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { useRef, useState } from "react";
import { useAct } from "@/act/use-act";
import { ApiError, answered } from "@/api/client";
import type { HolderLookup, Operator } from "@/api/money-out";
import { useWork } from "@/session/work";
import { mayBeOne } from "@/text/names";
import { Fact } from "../parts/facts";
import { useFailure } from "../states";

/** Something that would pay a number, and whose wallet that is; null where nobody said it. */
export interface Checked<Body> {
  readonly body: Body;
  readonly holder: HolderLookup | null;
}

/** Asks whose wallet a number is before anything is sent to it. The answer stays in this page. */
export function useHolder<Body>(name: string) {
  const { api } = useWork();
  const asked = useRef<Body | null>(null);
  const [checked, setChecked] = useState<Checked<Body> | null>(null);
  const take = (holder: HolderLookup | null) =>
    setChecked(asked.current === null ? null : { body: asked.current, holder });
  const look = useAct(
    name,
    (body: { phone: string; operator?: Operator }) =>
      answered(api.POST("/v1/holder_lookups", { body })),
    take,
  );
  return {
    look,
    checked,
    check: (body: Body, phone: string, operator: Operator | "") => {
      asked.current = body;
      look.act({ phone, ...(operator === "" ? {} : { operator }) });
    },
    /** Go on though nobody said whose wallet it is. */
    goOn: () => take(null),
    close: () => setChecked(null),
  };
}

/** That nobody says whose wallet it is, and the way on where it may be sent all the same. */
export function NotLookedUp(props: { error: Error | null; goOn: () => void }) {
  const { error, goOn } = props;
  const t = useTranslations("holder");
  const failure = useFailure();
  if (error === null || (error instanceof ApiError && error.param === "phone")) {
    return null;
  }
  const isRefusal = error instanceof ApiError && error.status < 429;
  return (
    <div className="flex flex-col items-start gap-3" role="alert">
      <p className="text-bad">{failure(error)}</p>
      {isRefusal ? null : (
        <button className="button-plain" type="button" onClick={goOn}>
          {t("go_on")}
        </button>
      )}
    </div>
  );
}

/** Whose wallet it is, as the operator spells it. */
export function HolderFact({ holder }: { holder: HolderLookup | null }) {
  const t = useTranslations("holder");
  return (
    <Fact name={t("title")}>
      <strong>{holder === null ? t("unknown") : (holder.name ?? t("not_found"))}</strong>
    </Fact>
  );
}

/** What speaks against paying it: nobody, somebody else than was `typed`, a wallet that is shut. */
export function HolderDoubts({ holder, typed }: { holder: HolderLookup | null; typed: string }) {
  const t = useTranslations("holder");
  const doubts = [
    holder?.found === false ? t("nobody") : null,
    holder?.active === false ? t("not_active") : null,
    holder?.name && typed !== "" && !mayBeOne(holder.name, typed) ? t("differs", { typed }) : null,
  ].filter((doubt) => doubt !== null);
  return doubts.map((doubt) => (
    <p key={doubt} className="font-medium text-bad" role="alert">
      {doubt}
    </p>
  ));
}

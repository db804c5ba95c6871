"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { Act } from "@/act/use-act";
import { Send } from "./form";

/**
 * The button that sends, unless something else was sent before and not answered: then that it may have
 * gone, the way to look first, and the way on. `tell` says in few words what a body sends.
 */
export function SendOrLook<Body>(props: {
  act: Act<Body>;
  tell: (body: Body) => string;
  look: (before: Body) => ReactNode;
  isGrave?: boolean;
  children: ReactNode;
}) {
  const { act, tell, look, isGrave = false, children } = props;
  const t = useTranslations("act");
  const last = act.doubt?.before.at(-1);
  if (act.doubt === null || last === undefined) {
    return (
      <Send act={act} isGrave={isGrave}>
        {children}
      </Send>
    );
  }
  return (
    <div className="flex flex-col gap-3" role="alert">
      <p className="font-medium text-bad">
        {t("doubt", { what: act.doubt.before.map(tell).join(" ; ") })}
      </p>
      <button
        className="button-plain"
        type="button"
        // The second half of a double click on the button that stood here is no answer.
        onClick={({ detail }) => (detail > 1 ? undefined : act.goOn())}
      >
        {t("go_on", { what: tell(act.doubt.asked) })}
      </button>
      {look(last)}
    </div>
  );
}

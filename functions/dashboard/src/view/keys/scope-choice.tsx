"use client";

import { useTranslations } from "next-intl";
import { useId } from "react";
import { Check } from "../parts/check";
import { toggled } from "../parts/toggle";
import { SCOPES, type Scope } from "./key-terms";

/** What a restricted key may do, each right by the API's name for it. */
export function ScopeChoice(props: {
  chosen: readonly Scope[];
  change: (chosen: readonly Scope[]) => void;
  fault: string | null;
}) {
  const { chosen, change, fault } = props;
  const t = useTranslations("keys");
  const id = useId();
  return (
    <fieldset
      aria-describedby={`${id}-fault`}
      className="min-w-0 rounded-lg border border-line px-4 pb-2"
    >
      <legend className="px-1 text-sm">{t("form.scopes")}</legend>
      <p className="text-bad text-sm empty:hidden" id={`${id}-fault`} role="alert">
        {fault}
      </p>
      <div className="grid grid-cols-1 gap-x-4 sm:grid-cols-2">
        {SCOPES.map((scope) => (
          <Check
            key={scope}
            change={(isOn) => change(toggled(chosen, scope, isOn))}
            isOn={chosen.includes(scope)}
          >
            <code>{scope}</code>
          </Check>
        ))}
      </div>
    </fieldset>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { useId } from "react";
import { FAMILIES } from "../events/event-types";
import { Check } from "../parts/check";
import { toggled } from "../parts/toggle";

/** Of what an endpoint is told: everything, families, or types. */
export function EventChoice(props: {
  isAll: boolean;
  events: readonly string[];
  change: (changes: { isAll?: boolean; events?: readonly string[] }) => void;
  fault: string | null;
}) {
  const { isAll, events, change, fault } = props;
  const t = useTranslations("webhooks");
  const id = useId();
  const toggle = (word: string) => (isOn: boolean) =>
    change({ events: toggled(events, word, isOn) });
  return (
    <fieldset
      aria-describedby={`${id}-fault`}
      className="min-w-0 rounded-lg border border-line px-4 pb-2"
    >
      <legend className="px-1 text-sm">{t("form.events")}</legend>
      <p className="text-bad text-sm empty:hidden" id={`${id}-fault`} role="alert">
        {fault}
      </p>
      <Check change={(isOn) => change({ isAll: isOn })} isOn={isAll}>
        {t("form.all")}
      </Check>
      {isAll
        ? null
        : [...FAMILIES].map(([family, types]) => (
            <div key={family} className="border-line border-t">
              <Check change={toggle(family)} isOn={events.includes(family)}>
                <code>{family}</code>
              </Check>
              <details className="pl-8">
                <summary className="min-h-11 cursor-pointer py-2 text-soft text-sm">
                  {t("form.types", { count: types.length, family })}
                </summary>
                {types.map((type) => (
                  <Check
                    key={type}
                    change={toggle(type)}
                    isDisabled={events.includes(family)}
                    isOn={events.includes(type) || events.includes(family)}
                  >
                    <code>{type}</code>
                  </Check>
                ))}
              </details>
            </div>
          ))}
    </fieldset>
  );
}

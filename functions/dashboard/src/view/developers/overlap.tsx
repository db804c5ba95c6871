"use client";

import { useTranslations } from "next-intl";
import { Choice } from "../form";

/** How long what is replaced works on, in seconds. */
export const OVERLAPS = ["0", "3600", "86400", "604800"] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Chooses how long the old one works beside the new one. */
export function OverlapChoice(props: {
  value: Overlap;
  fault: string | null;
  change: (value: Overlap) => void;
}) {
  const { value, fault, change } = props;
  const t = useTranslations("developers");
  return (
    <Choice
      fault={fault}
      hint={t("overlap_hint")}
      label={t("overlap")}
      name="overlap_seconds"
      value={value}
      onChange={({ target }) => change(OVERLAPS.find((each) => each === target.value) ?? value)}
    >
      {OVERLAPS.map((each) => (
        <option key={each} value={each}>
          {t(`overlaps.${each}`)}
        </option>
      ))}
    </Choice>
  );
}

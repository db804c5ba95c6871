import type { Operator, SettlementSet } from "@/api/money-out";
import { readAmount } from "@/text/amount";

export const DAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

/** What the form of a settlement holds, as it is typed. */
export const BLANK = {
  phone: "",
  operator: "" as Operator | "",
  every: "daily" as SettlementSet["every"],
  weekday: "1",
  hour: "18",
  minimum: "",
  keepBack: "",
};
export type Values = typeof BLANK;

/** What is sent; null while an amount is none. */
export function bodyOf(values: Values): SettlementSet | null {
  const { phone, operator, every, weekday, hour } = values;
  const minimum = values.minimum === "" ? 1 : readAmount(values.minimum);
  const keepBack = values.keepBack === "" ? 0 : readAmount(values.keepBack);
  if (minimum === null || keepBack === null) {
    return null;
  }
  return {
    destination: { type: "mobile_money", phone, ...(operator === "" ? {} : { operator }) },
    every,
    ...(every === "weekly" ? { weekday: Number(weekday) } : {}),
    hour: Number(hour),
    minimum,
    keep_back: keepBack,
  };
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";

/** What can go out now. */
export function Available() {
  const t = useTranslations("money_out");
  const { api, key } = useWork();
  const { data } = useQuery({
    queryKey: key("balance"),
    queryFn: () => answered(api.GET("/v1/balance", {})),
  });
  const francs = data?.available.reduce((sum, { amount }) => sum + amount, 0);
  return (
    <p className="text-soft">
      {t("available", { amount: francs === undefined ? "…" : formatAmount(francs) })}
    </p>
  );
}

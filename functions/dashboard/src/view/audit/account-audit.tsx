"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { Audit } from "./audit";

/** What was done in the account and mode at work, by whom. */
export function AccountAudit() {
  const t = useTranslations("accesses");
  const { api, path, scope } = useWork();
  return (
    <Audit
      fetchCsv={(query) => api.GET("/v1/audit_entries.csv", { params: { query }, parseAs: "text" })}
      fetchPage={(query) => answered(api.GET("/v1/audit_entries", { params: { query } }))}
      fileName={`audit-${scope.account}-${scope.mode}.csv`}
      path={path("/audit")}
    >
      <Link
        className="inline-flex min-h-11 items-center self-start text-accent underline"
        href={path("/accesses")}
        prefetch={false}
      >
        {t("looks")}
      </Link>
    </Audit>
  );
}

"use client";

import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Audit } from "../audit/audit";

/** What the platform's administrators and commands did. */
export function PlatformAudit() {
  const { api } = usePlace();
  return (
    <Audit
      fetchCsv={(query) =>
        api.GET("/v1/platform/audit_entries.csv", { params: { query }, parseAs: "text" })
      }
      fetchPage={(query) => answered(api.GET("/v1/platform/audit_entries", { params: { query } }))}
      fileName="audit-platform.csv"
      path="/platform/audit"
    />
  );
}

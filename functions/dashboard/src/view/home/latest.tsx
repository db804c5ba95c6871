"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered, type Charge } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { Row } from "../rows";
import { Failed, Loading } from "../states";

const LATEST = 8;

/** The latest payments, in places that never move: what arrives changes what stands in them. */
export function Latest() {
  const t = useTranslations("home");
  const { api, key } = useWork();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "latest"),
    queryFn: () => answered(api.GET("/v1/charges", { params: { query: { limit: LATEST } } })),
  });
  if (error !== null && data === undefined) {
    return (
      <div className="card">
        <Failed error={error} again={() => void refetch()} />
      </div>
    );
  }
  const told = [...arrived.values()].map(({ charge }) => charge);
  const rows: Charge[] = merge(data?.data ?? [], told).slice(0, LATEST);
  return (
    <div className="card min-h-[32.125rem] overflow-hidden">
      {data === undefined ? (
        <Loading rows={LATEST} />
      ) : rows.length === 0 ? (
        <p className="p-4 text-soft">{t("none")}</p>
      ) : (
        <ul>
          {rows.map((charge, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place stays where it is
            <li key={place}>
              <Row charge={charge} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

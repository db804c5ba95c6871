"use client";

import { type QueryKey, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { useWork } from "@/session/work";
import { Failed, Loading } from "../states";

export type OwnAccount = components["schemas"]["OwnAccount"];

const ROWS = 4;

/** The account as the API knows it, once it is there. */
export function WithAccount({ children }: { children: (account: OwnAccount) => ReactNode }) {
  const { api, key } = useWork();
  return (
    <Fetched fetch={() => answered(api.GET("/v1/account", {}))} name={key("account")}>
      {children}
    </Fetched>
  );
}

/** What is fetched once, or why it is not there. */
export function Fetched<Data>(props: {
  name: QueryKey;
  fetch: () => Promise<Data>;
  children: (data: Data) => ReactNode;
}) {
  const { name, fetch, children } = props;
  const { data, error, refetch } = useQuery({ queryKey: name, queryFn: fetch });
  if (data !== undefined) {
    return children(data);
  }
  return (
    <div className="card">
      {error !== null ? (
        <Failed error={error} again={() => void refetch()} />
      ) : (
        <Loading rows={ROWS} />
      )}
    </div>
  );
}

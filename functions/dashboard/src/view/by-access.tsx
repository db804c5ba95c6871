"use client";

import { useQuery } from "@tanstack/react-query";
import { useLocale, useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { answered, type Membership, makeApi, type Scope } from "@/api/client";
import type { Session } from "@/session/session";
import { Plain } from "./plain";

/**
 * An account for an administrator of the platform who opened an access to it: what it is, where the API
 * lets her read it. She may read and change nothing, whatever stands on the pages.
 */
export function ByAccess(
  props: Scope & {
    session: Session;
    none: ReactNode;
    children: (guest: Membership, line: ReactNode) => ReactNode;
  },
) {
  const { account, mode, session, none, children } = props;
  const states = useTranslations("states");
  const locale = useLocale();
  const { data, error } = useQuery({
    queryKey: ["by_access", account, mode],
    queryFn: () => answered(makeApi(session, locale, { account, mode }).GET("/v1/account", {})),
    retry: false,
  });
  if (data === undefined) {
    return error === null ? <Plain title={states("loading")} /> : none;
  }
  const { id, name, state } = data;
  return children(
    { id, object: "membership", name, state, duty: "viewer", modes: [mode] },
    <GuestLine />,
  );
}

/** Says over each page that she is a guest who is seen. */
function GuestLine() {
  const t = useTranslations("accesses");
  return (
    <aside
      aria-label={t("title")}
      className="border-line border-b bg-card px-4 py-2 text-center font-medium text-sm"
    >
      {t("as_guest")}
    </aside>
  );
}

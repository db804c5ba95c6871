"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { useWork } from "@/session/work";

const ROOMS = ["account", "receipts", "terms", "notifications", "approvals", "test"] as const;

/** One room of the settings, with the way to the others. */
export function Room({ children }: { children: ReactNode }) {
  const t = useTranslations("settings");
  const { path, scope } = useWork();
  const pathname = usePathname();
  return (
    <>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <nav aria-label={t("title")}>
        <ul className="flex flex-wrap gap-2">
          {ROOMS.filter((room) => room !== "test" || scope.mode === "test").map((room) => {
            const href = path(room === "account" ? "/settings" : `/settings/${room}`);
            return (
              <li key={room}>
                <Link
                  aria-current={pathname === href ? "page" : undefined}
                  className="button-plain aria-[current]:border-accent aria-[current]:font-semibold"
                  href={href}
                  prefetch={false}
                >
                  {t(`rooms.${room}`)}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      {children}
    </>
  );
}

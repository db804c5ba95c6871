"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { useWork } from "@/session/work";

const ROOMS = [
  { name: "payouts", below: "/payouts" },
  { name: "batches", below: "/batches" },
  { name: "approvals", below: "/approvals" },
  { name: "topups", below: "/topups" },
  { name: "settlement", below: "/settlement" },
] as const;

/** The way between the pages of money that goes out, above each of them where no menu is at its side. */
export function MoneyOut({ children }: { children: ReactNode }) {
  const t = useTranslations("money_out");
  const { path } = useWork();
  const pathname = usePathname();
  return (
    <>
      <nav aria-label={t("title")} className="lg:hidden">
        <ul className="flex gap-2 overflow-x-auto p-1 sm:flex-wrap">
          {ROOMS.map(({ name, below }) => ({ name, href: path(below) })).map(({ name, href }) => (
            <li key={href}>
              <Link
                aria-current={
                  pathname === href ? "page" : pathname.startsWith(`${href}/`) ? "true" : undefined
                }
                className="button-plain whitespace-nowrap aria-[current]:border-accent aria-[current]:font-semibold"
                href={href}
                prefetch={false}
              >
                {t(name)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {children}
    </>
  );
}

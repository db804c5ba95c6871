"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";

/** Test and live, and in which of them one is; each is an address of its own. */
export function Modes() {
  const t = useTranslations("shell");
  const { membership, scope } = useWork();
  return (
    <ul aria-label={t("mode")} className="flex overflow-hidden rounded-lg border border-line">
      {(["test", "live"] as const)
        .filter((mode) => membership.modes.includes(mode))
        .map((mode) => (
          <li key={mode}>
            <Link
              prefetch={false}
              aria-current={mode === scope.mode ? "true" : undefined}
              className={`inline-flex min-h-11 items-center px-3 aria-[current]:font-semibold ${
                mode === "test"
                  ? "aria-[current]:bg-test aria-[current]:text-on-test"
                  : "aria-[current]:bg-accent aria-[current]:text-on-accent"
              }`}
              href={`/${membership.id}/${mode}`}
            >
              {t(mode)}
            </Link>
          </li>
        ))}
    </ul>
  );
}

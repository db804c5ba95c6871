"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";

const ROOMS = ["keys", "webhooks", "events", "requests"] as const;

/** The rooms of whoever writes the program where no menu is at the side, and what is to be read about it. */
export function Tabs() {
  const t = useTranslations("developers");
  const { path } = useWork();
  const pathname = usePathname();
  return (
    <nav aria-label={t("rooms")}>
      <ul className="flex flex-wrap gap-2">
        {ROOMS.map((room) => {
          const href = path(`/developers/${room}`);
          return (
            <li className="lg:hidden" key={room}>
              <Link
                aria-current={pathname.startsWith(href) ? "page" : undefined}
                className="button-plain aria-[current]:border-accent aria-[current]:font-semibold"
                href={href}
                prefetch={false}
              >
                {t(room)}
              </Link>
            </li>
          );
        })}
        <li>
          <a className="button-plain" href="/docs" rel="noopener" target="_blank">
            {t("docs")}
          </a>
        </li>
      </ul>
    </nav>
  );
}

"use client";

import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useWork } from "@/session/work";
import { Modes } from "./modes";
import { StreamSign } from "./stream-sign";

/** Where one is: the account, its mode, and whether what is shown is told as it happens. */
export function Header() {
  const t = useTranslations("shell");
  const { membership, memberships: all, scope } = useWork();
  const router = useRouter();
  return (
    <header className="border-line border-b bg-card">
      <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-3 p-4">
        <select
          aria-label={t("account")}
          className="field font-semibold sm:max-w-sm"
          value={membership.id}
          onChange={({ target }) => router.push(`/${target.value}/test`)}
        >
          {all.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <Modes />
        <StreamSign key={scope.mode} />
      </div>
    </header>
  );
}

"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { usePayer } from "@/payer/provider";
import { LanguageSwitch } from "../language-switch";
import { Prove } from "./prove";

/** A payer's pages: shown once a number is proven, and before that the way to prove it. */
export function MyShell({ children }: { children: ReactNode }) {
  const t = useTranslations("my");
  const { isProven, signOut } = usePayer();
  return (
    <div className="mx-auto flex min-h-dvh max-w-md flex-col gap-4 p-4">
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-3">
        <span className="font-semibold">Pay</span>
        <span className="flex flex-wrap gap-2">
          <LanguageSwitch />
          {isProven ? (
            <button className="button-plain" type="button" onClick={signOut}>
              {t("sign_out")}
            </button>
          ) : null}
        </span>
      </header>
      <main className="flex flex-col gap-4">{isProven ? children : <Prove />}</main>
    </div>
  );
}

"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Dialog } from "../dialog";
import type { Entry } from "./entries";
import { Groups } from "./groups";

/** What is not under the thumb of a phone: the other pages, the language, the way out. */
export function MorePages(props: {
  entries: readonly Entry[];
  acts: ReactNode;
  isOpen: boolean;
  close: () => void;
}) {
  const { entries, acts, isOpen, close } = props;
  const t = useTranslations("shell");
  return (
    <Dialog close={close} isOpen={isOpen} title={t("more_pages")}>
      <nav aria-label={t("more_pages")}>
        <Groups
          columns="grid grid-cols-2"
          entries={entries.filter(({ sign }) => sign === null)}
          onClick={close}
        />
      </nav>
      <div className="flex flex-wrap gap-2 border-line border-t pt-4">{acts}</div>
    </Dialog>
  );
}

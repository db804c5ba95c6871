"use client";

import * as Radix from "@radix-ui/react-dialog";
import { setNonce } from "get-nonce";
import { useTranslations } from "next-intl";
import { type ReactNode, useEffect, useRef, useState } from "react";

/**
 * Asks before something is done; closes by its button, by Escape and by a touch beside it, and gives
 * the focus back to what opened it.
 */
export function Dialog(props: {
  title: string;
  isOpen: boolean;
  close: () => void;
  children: ReactNode;
}) {
  const { title, isOpen, close, children } = props;
  const t = useTranslations("act");
  const [isReady, setReady] = useState(false);
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    // The style element that holds the page still below must have the page's nonce.
    setNonce(document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "");
    setReady(true);
  }, []);
  return (
    <Radix.Root open={isOpen && isReady} onOpenChange={(open) => (open ? undefined : close())}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-20 bg-black/50" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener.current instanceof HTMLElement) {
              opener.current.focus();
            }
          }}
          onOpenAutoFocus={() => {
            opener.current = document.activeElement;
          }}
          className="card fixed inset-x-0 bottom-0 z-30 flex max-h-[90dvh] flex-col gap-4 overflow-y-auto p-4 sm:inset-auto sm:top-1/2 sm:left-1/2 sm:w-[28rem] sm:-translate-x-1/2 sm:-translate-y-1/2"
        >
          <div className="flex items-baseline justify-between gap-3">
            <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
            <Radix.Close className="button-plain">{t("close")}</Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

"use client";

import { useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useId, useMemo, useState } from "react";
import { useAct, useDraft } from "@/act/use-act";
import { ApiError, answered } from "@/api/client";
import { useWork } from "@/session/work";
import { formatAmount } from "@/text/money";
import { Available } from "../available";
import { Dialog } from "../dialog";
import { SendOrLook } from "../doubt";
import { Refused } from "../form";
import { MoneyOut } from "../money-out";
import { Faults } from "./faults";
import { type Chosen, readChosen } from "./file";
import { Glance } from "./glance";
import { preview } from "./preview";

const NONE: { chosen: Chosen | null } = { chosen: null };
const CSV = "text/csv";

/** Pays all numbers of a file, or none: what is wrong with its lines is said before anything moves. */
export function NewBatch() {
  const t = useTranslations("batch_form");
  const act = useTranslations("act");
  const { api, key, path } = useWork();
  const router = useRouter();
  const queries = useQueryClient();
  const id = useId();
  const [bytes, setBytes] = useState<ArrayBuffer | null>(null);
  const [isOpen, setOpen] = useState(false);
  const { values, set, forget } = useDraft("batch", NONE);
  // Of a file that is no text only this page has the bytes.
  const chosen = values.chosen?.text === null && bytes === null ? null : values.chosen;
  const send = useAct(
    "batch.create",
    // What is sent are the bytes of this digest, so that one file goes under one key.
    (_: { digest: string }, idempotencyKey) =>
      answered(
        api.POST("/v1/payout_batches", {
          params: { header: { "Idempotency-Key": idempotencyKey } },
          headers: { "Content-Type": CSV },
          body: "",
          bodySerializer: () => bytes ?? chosen?.text ?? "",
        }),
      ),
    (batch) => {
      forget();
      queries.removeQueries({ queryKey: key("batches", "list") });
      router.push(path(`/batches/${batch.id}`));
    },
    true,
  );
  const choose = async (files: FileList | null) => {
    const file = files?.[0];
    setOpen(false);
    send.forget();
    if (file !== undefined) {
      const read = await readChosen(file);
      setBytes(read.bytes);
      set({ chosen: read.chosen });
    }
  };
  const glance = useMemo(
    () => (chosen === null || chosen.text === null ? null : preview(chosen.text)),
    [chosen],
  );
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    if (chosen !== null) {
      send.act({ digest: chosen.digest });
    }
  };
  const { error } = send;
  const isBad = error instanceof ApiError && error.lines.length > 0;
  return (
    <MoneyOut>
      <Link className="text-accent underline" href={path("/batches")} prefetch={false}>
        {t("back")}
      </Link>
      <h1 className="font-semibold text-xl">{t("title")}</h1>
      <Available />
      <section className="card flex flex-col gap-4 p-4">
        <p>{t("what")}</p>
        <p className="text-soft text-sm" id={`${id}-hint`}>
          {t("columns")}
        </p>
        <div className="flex min-w-0 flex-col gap-1">
          <label className="text-sm" htmlFor={id}>
            {t("file")}
          </label>
          <input
            accept=".csv,text/csv"
            aria-describedby={`${id}-hint`}
            className="field py-2"
            id={id}
            type="file"
            onChange={({ target }) => void choose(target.files)}
            // The same name again is another file once it was corrected.
            onClick={({ currentTarget }) => {
              currentTarget.value = "";
            }}
          />
        </div>
        {chosen === null ? null : (
          <>
            <Glance glance={glance} name={chosen.name} />
            <button
              className="button self-start"
              type="button"
              onClick={() => {
                send.forget();
                setOpen(true);
              }}
            >
              {t("go_on")}
            </button>
          </>
        )}
      </section>
      {isBad ? <Faults error={error} /> : null}
      <Dialog close={() => setOpen(false)} isOpen={isOpen && !isBad} title={t("confirm")}>
        <form className="flex flex-col gap-4" onSubmit={confirm}>
          <p>
            {glance === null || glance.francs === null
              ? t("all_or_none", { name: chosen?.name ?? "" })
              : t("sum", {
                  name: chosen?.name ?? "",
                  count: glance.count,
                  amount: formatAmount(glance.francs),
                })}
          </p>
          <Refused act={send} />
          <SendOrLook
            act={send}
            look={() => (
              <Link className="button" href={path("/batches")} prefetch={false}>
                {act("look")}
              </Link>
            )}
            tell={({ digest }) => (digest === chosen?.digest ? chosen.name : t("other_file"))}
          >
            {t("send")}
          </SendOrLook>
        </form>
      </Dialog>
    </MoneyOut>
  );
}

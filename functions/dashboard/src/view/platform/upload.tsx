"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { type FormEvent, useState } from "react";
import { useAct } from "@/act/use-act";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Refused, Send } from "../form";

/** Brings a statement; it is read to its end first, and what is wrong with it is said by line. */
export function Upload() {
  const t = useTranslations("statements");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const router = useRouter();
  const [file, setFile] = useState<File | null>(null);
  const act = useAct(
    "upload_statement",
    // The file's name and size tell this wish from another; its bytes would fill the storage.
    async (_: { name: string; size: number; modified: number }) =>
      answered(
        api.POST("/v1/platform/statements", {
          body: await (file as File).text(),
          bodySerializer: (body) => body,
          headers: { "Content-Type": "text/csv" },
        }),
      ),
    ({ id }) => {
      void queries.invalidateQueries({ queryKey: key("statements") });
      router.push(`/platform/statements/${id}`);
    },
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (file !== null) {
      act.act({ name: file.name, size: file.size, modified: file.lastModified });
    }
  };
  return (
    <form className="card flex flex-col items-start gap-3 p-4" onSubmit={submit}>
      <label className="flex w-full min-w-0 flex-col gap-1 text-sm">
        {t("file")}
        <input
          accept=".csv,text/csv"
          className="field py-2"
          required
          type="file"
          onChange={({ target }) => setFile(target.files?.[0] ?? null)}
        />
      </label>
      <Refused act={act} />
      <Send act={act}>{t("upload")}</Send>
    </form>
  );
}

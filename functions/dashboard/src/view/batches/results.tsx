"use client";

import { useMutation } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { useWork } from "@/session/work";
import { useFailure } from "../states";

/** What became of each line, as a file. */
export function Results({ id }: { id: string }) {
  const t = useTranslations("batches");
  const { api } = useWork();
  const failure = useFailure();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      answered(
        api.GET("/v1/payout_batches/{id}/results", {
          params: { path: { id } },
          parseAs: "blob",
        }),
      ),
    onSuccess: (file) => save(file, `${id}.csv`),
  });
  return (
    <div className="flex flex-col gap-1">
      <button className="button-plain" disabled={isPending} type="button" onClick={() => mutate()}>
        {t("results")}
      </button>
      <p className="text-bad text-sm empty:hidden" role="alert">
        {error === null ? null : failure(error)}
      </p>
    </div>
  );
}

/** Have the browser keep a file. */
function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

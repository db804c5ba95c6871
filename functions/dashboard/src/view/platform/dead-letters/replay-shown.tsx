"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask } from "../../ask";
import type { DeadLetterObject } from "./list";
import { replayable } from "./replayable";

/** Sends what waits among the shown once more: what she sees when she asks, not what came since. */
export function ReplayShown({ letters }: { letters: readonly DeadLetterObject[] | undefined }) {
  const t = useTranslations("dead_letters");
  const { api, key } = usePlace();
  const queries = useQueryClient();
  const ids = replayable(letters ?? []);
  return (
    <div className="min-h-11">
      {ids.length === 0 ? null : (
        <Ask
          button={t("replay_shown")}
          done={() => void queries.invalidateQueries({ queryKey: key() })}
          initial={{ ids }}
          name="replay_dead_letters"
          send={(body) => answered(api.POST("/v1/platform/dead_letters/replay", { body }))}
          title={t("replay_shown")}
        >
          {({ values }) => (
            <>
              <p>{t("replay_count", { count: values.ids.length })}</p>
              <p>{t("replay_line")}</p>
            </>
          )}
        </Ask>
      )}
    </div>
  );
}

"use client";

import { useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { Paged, usePaged } from "../../parts/paged";
import { Choose } from "../choose";
import { ReplayShown } from "./replay-shown";
import { LetterRow } from "./row";
import { TOPICS, useTopic } from "./topic";

export type DeadLetterObject = components["schemas"]["DeadLetter"];

const STATUSES = ["waiting", "replayed", "discarded"] as const;

/** Messages that nobody could take, newest first; those that are shown can be sent again together. */
export function DeadLetters() {
  const t = useTranslations("dead_letters");
  const platform = useTranslations("platform");
  const word = useTopic();
  const { api, key } = usePlace();
  const words = useSearchParams();
  const status = STATUSES.find((each) => each === words.get("status"));
  const topic = TOPICS.find((each) => each === words.get("topic"));
  const query = {
    ...(status === undefined ? {} : { status }),
    ...(topic === undefined ? {} : { topic }),
  };
  const list = usePaged<DeadLetterObject>({
    queryKey: key("dead_letters", query),
    fetch: (part) =>
      answered(api.GET("/v1/platform/dead_letters", { params: { query: { ...part, ...query } } })),
  });
  return (
    <>
      <h1 className="font-semibold text-xl">{platform("dead_letters")}</h1>
      <p className="text-soft">{t("line")}</p>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <Choose
          label={platform("state")}
          name="status"
          words={STATUSES.map((value) => ({ value, word: t(value) }))}
        />
        <Choose
          label={t("topic")}
          name="topic"
          words={TOPICS.map((value) => ({ value, word: word(value) }))}
        />
      </div>
      <ReplayShown letters={list.items} />
      <Paged list={list} none={t("none")}>
        {(letter) => <LetterRow letter={letter} />}
      </Paged>
    </>
  );
}

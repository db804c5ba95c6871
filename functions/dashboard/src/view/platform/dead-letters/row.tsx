"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { Mark } from "../../parts/mark";
import { Time } from "../../time";
import type { DeadLetterObject } from "./list";
import { useTopic } from "./topic";

const LOOKS = { waiting: "wait", replayed: "good", discarded: "off" } as const;

/** How a message stands, in a word and a mark. */
export function LetterMark({ letter }: { letter: DeadLetterObject }) {
  const t = useTranslations("dead_letters");
  return <Mark look={LOOKS[letter.status]}>{t(letter.status)}</Mark>;
}

/** One message of the list, which leads to its page. */
export function LetterRow({ letter }: { letter: DeadLetterObject }) {
  const t = useTranslations("dead_letters");
  const word = useTopic();
  return (
    <Link
      className="flex min-h-16 flex-col justify-center gap-0.5 px-4 py-2 hover:bg-paper"
      href={`/platform/dead-letters/${letter.id}`}
      prefetch={false}
    >
      <span className="flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">{word(letter.topic)}</span>
        <LetterMark letter={letter} />
      </span>
      <span className="text-soft text-sm [overflow-wrap:anywhere]">
        {letter.about ?? letter.event}
      </span>
      <span className="flex flex-wrap justify-between gap-x-3 text-soft text-sm">
        <span>
          {letter.function}
          {letter.deaths > 1 ? ` · ${t("again", { count: letter.deaths })}` : ""}
        </span>
        <Time seconds={letter.received_at} />
      </span>
    </Link>
  );
}

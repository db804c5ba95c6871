"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask, AskReason } from "../../ask";
import { Fact, Facts } from "../../parts/facts";
import { Time } from "../../time";
import { Who } from "../../who";
import { One } from "../one";
import type { DeadLetterObject } from "./list";
import { LetterMark } from "./row";
import { useTopic } from "./topic";

interface LetterPart {
  readonly letter: DeadLetterObject;
  readonly became: (letter: DeadLetterObject | null) => void;
}

/** One message that nobody could take: where it failed, and what is made of it. */
export function DeadLetter({ id }: { id: string }) {
  const platform = useTranslations("platform");
  const { api } = usePlace();
  return (
    <One
      back={{ href: "/platform/dead-letters", word: platform("dead_letters") }}
      fetch={() =>
        answered(api.GET("/v1/platform/dead_letters/{id}", { params: { path: { id } } }))
      }
      name={["dead_letter", id]}
    >
      {(letter, became) => (
        <section className="card flex flex-col gap-4 p-4">
          <About letter={letter} />
          <Acts became={became} letter={letter} />
        </section>
      )}
    </One>
  );
}

function About({ letter }: { letter: DeadLetterObject }) {
  const t = useTranslations("dead_letters");
  const platform = useTranslations("platform");
  const word = useTopic();
  return (
    <>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <h1 className="font-semibold text-xl">{word(letter.topic)}</h1>
        <p role="status">
          <LetterMark letter={letter} />
        </p>
      </div>
      <Facts>
        <Fact name={t("about")}>{letter.about}</Fact>
        <Fact name={t("account")}>
          {letter.account?.startsWith("acct_") ? (
            <Link className="text-accent underline" href={`/platform/accounts/${letter.account}`}>
              {letter.account}
            </Link>
          ) : (
            letter.account
          )}
        </Fact>
        <Fact name={t("mode")}>{letter.mode === null ? null : platform(letter.mode)}</Fact>
        <Fact name={t("function")}>{letter.function}</Fact>
        <Fact name={t("subscription")}>{letter.subscription}</Fact>
        <Fact name={t("event")}>{letter.event}</Fact>
        <Fact name={t("received")}>
          <Time seconds={letter.received_at} />
        </Fact>
        <Fact name={t("deliveries")}>{letter.deliveries}</Fact>
        <Fact name={t("deaths")}>{letter.deaths}</Fact>
        <Fact name={t("replay_of")}>
          {letter.replay_of === null ? null : (
            <Link
              className="text-accent underline"
              href={`/platform/dead-letters/${letter.replay_of}`}
            >
              {letter.replay_of}
            </Link>
          )}
        </Fact>
        <Fact name={t("replayed")}>
          {letter.replayed_at === null || letter.replayed_by === null ? null : (
            <>
              <Who id={letter.replayed_by} /> · <Time seconds={letter.replayed_at} />
            </>
          )}
        </Fact>
        <Fact name={t("discarded")}>
          {letter.discarded_at === null || letter.discarded_by === null ? null : (
            <>
              <Who id={letter.discarded_by} /> · <Time seconds={letter.discarded_at} />
            </>
          )}
        </Fact>
        <Fact name={t("discard_reason")}>{letter.discard_reason}</Fact>
      </Facts>
    </>
  );
}

function Acts({ letter, became }: LetterPart) {
  const t = useTranslations("dead_letters");
  const { api } = usePlace();
  const params = { path: { id: letter.id } };
  if (letter.status === "replayed") {
    return <p className="text-soft">{t("under_way")}</p>;
  }
  const readsOnly = letter.replays_as !== letter.topic;
  return (
    <>
      {letter.replays_as === null ? <p className="text-soft">{t("nothing_to_send")}</p> : null}
      <div className="flex flex-wrap gap-3">
        {letter.replays_as === null ? null : (
          <Ask
            button={t("replay")}
            done={became}
            initial={{}}
            name={`replay_dead_letter.${letter.id}`}
            send={() => answered(api.POST("/v1/platform/dead_letters/{id}/replay", { params }))}
            title={t("replay_title")}
          >
            {() => (
              <>
                <p>{t("replay_line")}</p>
                {readsOnly ? <p>{t("reads_only")}</p> : null}
              </>
            )}
          </Ask>
        )}
        {letter.status === "waiting" ? (
          <AskReason
            button={t("discard")}
            done={became}
            isGrave
            name={`discard_dead_letter.${letter.id}`}
            send={(reason) =>
              answered(
                api.POST("/v1/platform/dead_letters/{id}/discard", { params, body: { reason } }),
              )
            }
            title={t("discard_title")}
          >
            <p>{t("discard_line")}</p>
          </AskReason>
        ) : null}
      </div>
    </>
  );
}

"use client";

import Link from "next/link";
import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import type { components } from "@/api/schema";
import { usePlace } from "@/session/place";
import { formatAmount } from "@/text/money";
import { Fact, Facts } from "../parts/facts";
import { Section } from "../parts/section";
import { Time } from "../time";
import { Who } from "../who";
import { One } from "./one";

type StatementDetails = components["schemas"]["StatementDetails"];

const AGREE = ["matched", "fee"] as const;
const DIFFER = [
  "missing_here",
  "missing_there",
  "amount_differs",
  "duplicate",
  "reversed",
] as const;

/** One statement, and how it and our books agree. */
export function Statement({ id }: { id: string }) {
  const platform = useTranslations("platform");
  const { api } = usePlace();
  return (
    <One
      back={{ href: "/platform/statements", word: platform("statements") }}
      fetch={() => answered(api.GET("/v1/platform/statements/{id}", { params: { path: { id } } }))}
      isMoving={({ status }) => status === "received"}
      name={["statement", id]}
    >
      {(statement) => (
        <>
          <About statement={statement} />
          <Differences counts={statement.counts} />
        </>
      )}
    </One>
  );
}

function About({ statement }: { statement: StatementDetails }) {
  const t = useTranslations("statements");
  const platform = useTranslations("platform");
  return (
    <section className="card flex flex-col gap-4 p-4">
      <h1 className="font-semibold text-xl">
        {t("days", { first: statement.first_day, last: statement.last_day })}
      </h1>
      <p role="status">
        {t(statement.status)} · {t("lines", { done: statement.lines_done, lines: statement.lines })}
      </p>
      <Facts>
        <Fact name={t("wallet")}>{statement.operator_account}</Fact>
        <Fact name={t("mode")}>{platform(statement.mode)}</Fact>
        <Fact name={t("opening")}>{formatAmount(statement.opening_balance)}</Fact>
        <Fact name={t("closing")}>{formatAmount(statement.closing_balance)}</Fact>
        <Fact name={t("uploaded_by")}>
          <Who id={statement.uploaded_by} />
        </Fact>
        <Fact name={t("created")}>
          <Time seconds={statement.created} />
        </Fact>
        <Fact name="SHA-256">{statement.sha256}</Fact>
      </Facts>
    </section>
  );
}

function Differences({ counts }: { counts: StatementDetails["counts"] }) {
  const t = useTranslations("statements");
  const platform = useTranslations("platform");
  const differ = DIFFER.reduce((sum, name) => sum + counts[name], 0);
  return (
    <Section id="differences" title={t("differences")}>
      <div className="card flex flex-col gap-4 p-4">
        <Facts>
          {[...AGREE, ...DIFFER].map((name) => (
            <Fact key={name} name={t(`counts.${name}`)}>
              {counts[name]}
            </Fact>
          ))}
        </Facts>
        {differ === 0 ? (
          <p>{t("agree")}</p>
        ) : (
          <p>
            {t("differ", { count: differ })}{" "}
            <Link className="text-accent underline" href="/platform/cases?status=open">
              {platform("cases")}
            </Link>
          </p>
        )}
      </div>
    </Section>
  );
}

"use client";

import { useTranslations } from "next-intl";
import { answered } from "@/api/client";
import { usePlace } from "@/session/place";
import { Ask } from "../ask";
import { Choice } from "../form";
import { Section } from "../parts/section";
import { Time } from "../time";
import { Who } from "../who";
import type { AccountPart } from "./account";
import { sha256 } from "./sha256";

const KINDS = ["trade_register", "tax_card", "owner_identity", "address_proof", "other"] as const;

/** Which documents were looked at, and which activation still waits for. */
export function Documents({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const kinds = useTranslations("document_kind");
  return (
    <Section
      aside={<Record account={account} became={became} />}
      id="documents"
      title={t("documents")}
    >
      {account.missing.length === 0 ? null : (
        <p>{t("missing", { kinds: account.missing.map((kind) => kinds(kind)).join(", ") })}</p>
      )}
      <div className="card overflow-hidden">
        {account.documents.length === 0 ? (
          <p className="p-4 text-soft">{t("no_documents")}</p>
        ) : (
          <ul>
            {account.documents.map((document) => (
              <li className="border-line border-b p-4 last:border-b-0" key={document.id}>
                <p className="font-medium">{kinds(document.kind)}</p>
                <p className="text-sm [overflow-wrap:anywhere]">{document.file_name}</p>
                <p className="text-soft text-sm [overflow-wrap:anywhere]">
                  SHA-256 {document.sha256}
                </p>
                <p className="text-soft text-sm">
                  <Who id={document.looked_by} /> · <Time seconds={document.looked_at} />
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}

/** Keeps that a document was looked at: its name and its hash, which is made here. */
function Record({ account, became }: AccountPart) {
  const t = useTranslations("platform_account");
  const kinds = useTranslations("document_kind");
  const { api } = usePlace();
  return (
    <Ask
      button={t("record")}
      done={became}
      fields={["kind"]}
      initial={{
        kind: (account.missing[0] ?? "other") as (typeof KINDS)[number],
        file_name: "",
        sha256: "",
      }}
      name={`record_account_document.${account.id}`}
      send={(body) =>
        answered(
          api.POST("/v1/accounts/{id}/documents", { params: { path: { id: account.id } }, body }),
        )
      }
      title={t("record_title")}
    >
      {({ values, set, fault }) => (
        <>
          <Choice
            fault={fault("kind")}
            label={t("kind")}
            value={values.kind}
            onChange={({ target }) =>
              set({ kind: KINDS.find((each) => each === target.value) ?? values.kind })
            }
          >
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {kinds(each)}
              </option>
            ))}
          </Choice>
          <label className="flex min-w-0 flex-col gap-1 text-sm">
            {t("file")}
            <input
              className="field py-2"
              required={values.sha256 === ""}
              type="file"
              onChange={async ({ target }) => {
                const file = target.files?.[0];
                if (file !== undefined) {
                  set({ file_name: file.name, sha256: await sha256(file) });
                }
              }}
            />
          </label>
          <p className="text-soft text-sm [overflow-wrap:anywhere]">
            {values.sha256 === "" ? t("stays") : `${values.file_name} · SHA-256 ${values.sha256}`}
          </p>
        </>
      )}
    </Ask>
  );
}

"use client";

import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Secret } from "../developers/secret";
import { Copy } from "../parts/copy";
import { Part } from "../parts/heading";
import type { EndpointMade } from "./webhook-terms";

/** With what an endpoint's webhooks are signed: a secret, this once, or the half that is no secret. */
export function SigningSecret({ made, children }: { made: EndpointMade; children?: ReactNode }) {
  const t = useTranslations("webhooks");
  if (made.secret !== null) {
    return (
      <Secret secret={made.secret} title={t("secret")}>
        {children}
      </Secret>
    );
  }
  return (
    <Part title={t("public_key")}>
      <div className="card flex flex-col gap-3 p-4">
        <Copy label={t("copy_public_key")} text={made.public_key ?? ""} />
        {children}
      </div>
    </Part>
  );
}

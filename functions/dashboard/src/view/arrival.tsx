"use client";

import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { useSession } from "@/session/provider";
import { Plain } from "./plain";

/** Where Keycloak sends people back to: takes the code, and goes on to where they came from. */
export function Arrival() {
  const t = useTranslations("entrance");
  const states = useTranslations("states");
  const session = useSession();
  const router = useRouter();
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    session?.complete(location.href).then(
      // It stands at its top; to scroll there would lay it out once more.
      (path) => router.replace(path, { scroll: false }),
      () => setFailed(true),
    );
  }, [session, router]);
  return (
    <Plain title={hasFailed ? t("refused") : states("loading")}>
      {hasFailed ? (
        <button className="button" type="button" onClick={() => void session?.signIn("/")}>
          {t("sign_in")}
        </button>
      ) : null}
    </Plain>
  );
}

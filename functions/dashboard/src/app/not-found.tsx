import Link from "next/link";
import { getTranslations } from "next-intl/server";
import { Plain } from "@/view/plain";

export default async function NotFound() {
  const t = await getTranslations("not_found");
  return (
    <Plain title={t("title")}>
      <Link className="button" href="/">
        {t("home")}
      </Link>
    </Plain>
  );
}

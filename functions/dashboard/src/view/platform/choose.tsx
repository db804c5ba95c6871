"use client";

import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "next-intl";

/** Narrows a list by one word, which stands in the address beside others. */
export function Choose(props: {
  name: string;
  label: string;
  words: readonly { readonly value: string; readonly word: string }[];
}) {
  const { name, label, words } = props;
  const t = useTranslations("platform");
  const router = useRouter();
  const pathname = usePathname();
  const address = useSearchParams();
  const chosen = address.get(name) ?? "";
  const choose = (value: string) => {
    const wanted = new URLSearchParams(address);
    wanted.delete(name);
    if (value !== "") {
      wanted.set(name, value);
    }
    const written = wanted.toString();
    router.push(written === "" ? pathname : `${pathname}?${written}`);
  };
  return (
    <label className="flex min-w-0 max-w-xs flex-col gap-1 text-sm">
      {label}
      <select className="field" value={chosen} onChange={({ target }) => choose(target.value)}>
        <option value="">{t("any")}</option>
        {words.map(({ value, word }) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

import type { Messages } from "next-intl";
import { getMessages } from "next-intl/server";
import type { ReactNode } from "react";
import { MoreWords } from "./more-words";

/** Sends the words that what is below uses, beside those that were sent above: no page pays for all. */
export async function Words(props: { of: readonly (keyof Messages)[]; children: ReactNode }) {
  const all = await getMessages();
  const words = Object.fromEntries(props.of.map((name) => [name, all[name]]));
  return <MoreWords words={words}>{props.children}</MoreWords>;
}

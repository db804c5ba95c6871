import { headers } from "next/headers";
import { NONCE } from "@/policy";

/**
 * A page is nothing without its scripts, and a bad line loses one at times: then the page is asked for
 * once more, as its reader would. Not twice within half a minute, and never once it is alive.
 */
const WATCH = `(() => {
  const key = "pay.asked_again";
  const look = ({ target }) => {
    const isLeaving = document.documentElement.dataset.leaving !== undefined;
    if (!isLeaving && target instanceof HTMLScriptElement && Date.now() - sessionStorage.getItem(key) > 30000) {
      sessionStorage.setItem(key, Date.now());
      location.reload();
    }
  };
  addEventListener("error", look, true);
  addEventListener("load", () => removeEventListener("error", look, true));
})()`;

/** Stands before all other scripts of a page and sees to it that they come. */
export async function Whole() {
  const nonce = (await headers()).get(NONCE) ?? undefined;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: a constant; text would be escaped
  return <script nonce={nonce} dangerouslySetInnerHTML={{ __html: WATCH }} />;
}

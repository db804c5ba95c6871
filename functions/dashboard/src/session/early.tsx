import { headers } from "next/headers";
import { NONCE } from "@/policy";
import { BASE, HINT, SIGNED_IN } from "./hint";
import { signInUrl } from "./sign-in-url";

interface Names {
  readonly identityUrl: string;
  readonly hint: string;
  readonly base: string;
  /** The path that Keycloak sends back to. */
  readonly signedIn: string;
}

/**
 * Leave for Keycloak where somebody seems to be signed in, before the page is alive: it would only do
 * the same once all of its scripts have come and run, and they do so again afterwards. Runs as text.
 */
export function leaveEarly(names: Names, urlOf: typeof signInUrl): void {
  const { pathname, search, hash, origin } = window.location;
  if (localStorage.getItem(names.hint) === null || pathname === names.signedIn) {
    return;
  }
  document.documentElement.dataset.leaving = "";
  window.stop();
  const path = `${pathname.slice(names.base.length)}${search}${hash}` || "/";
  urlOf(names.identityUrl, `${origin}${names.signedIn}`, path, false).then(
    (url) => window.location.replace(url),
    () => {
      // No cryptography here: the page itself says what there is to say.
      localStorage.removeItem(names.hint);
      window.location.reload();
    },
  );
}

/** Stands before the scripts of pages for those who sign in. */
export async function Early({ identityUrl }: { identityUrl: string }) {
  const nonce = (await headers()).get(NONCE) ?? undefined;
  const names: Names = { identityUrl, hint: HINT, base: BASE, signedIn: SIGNED_IN };
  const told = JSON.stringify(names).replaceAll("<", "\\u003c");
  const text = `(${leaveEarly})(${told}, ${signInUrl})`;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: our own functions and settings
  return <script nonce={nonce} dangerouslySetInnerHTML={{ __html: text }} />;
}

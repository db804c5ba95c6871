/** What a sign-in needs to know of where it is. */
export interface Way {
  /** Keycloak's realm. */
  readonly identityUrl: string;
  /** Where Keycloak sends back to. */
  readonly signedIn: string;
  /** Under which name a sign-in on its way is kept, in this tab alone. */
  readonly keptAs: string;
}

/** A sign-in on its way; it is gone once that is over. */
export interface OnItsWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where to go on afterwards. */
  readonly path: string;
}

/**
 * The address at which to sign in by code and PKCE (RFC 7636), to come back to `path`; `isAnew` asks
 * for the password again. It also runs as text before any script of a page, so it names nothing that
 * stands outside of it.
 */
export async function signInUrl(
  way: Way,
  path: string,
  isAnew: boolean,
  store: Pick<Storage, "setItem">,
): Promise<string> {
  const encode = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));
  const onItsWay: OnItsWay = { state: random(), nonce: random(), verifier: random(), path };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(onItsWay.verifier));
  const words = new URLSearchParams({
    client_id: "dashboard",
    redirect_uri: way.signedIn,
    response_type: "code",
    scope: "openid",
    state: onItsWay.state,
    nonce: onItsWay.nonce,
    code_challenge: encode(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  if (isAnew) {
    words.set("prompt", "login");
  }
  store.setItem(way.keptAs, JSON.stringify(onItsWay));
  return `${way.identityUrl}/protocol/openid-connect/auth?${words}`;
}

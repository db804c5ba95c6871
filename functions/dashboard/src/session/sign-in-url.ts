/** A sign-in on its way, kept in its tab alone as `pay.sign_in`; it is gone once that is over. */
export interface OnItsWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where to go on afterwards. */
  readonly path: string;
}

/**
 * The address at which to sign in at `identityUrl`, Keycloak's realm, which sends back to `signedIn`, by
 * code and PKCE (RFC 7636, by a verifier of 244 random bits); to go on at `path`. `isAnew` asks for the
 * password again. It also runs as text before any script of a page, so it names nothing that stands
 * outside of it.
 */
export async function signInUrl(
  identityUrl: string,
  signedIn: string,
  path: string,
  isAnew: boolean,
): Promise<string> {
  const uuid = () => crypto.randomUUID();
  const onItsWay: OnItsWay = { state: uuid(), nonce: uuid(), verifier: uuid() + uuid(), path };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(onItsWay.verifier));
  const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)));
  const words = new URLSearchParams({
    client_id: "dashboard",
    redirect_uri: signedIn,
    response_type: "code",
    scope: "openid",
    state: onItsWay.state,
    nonce: onItsWay.nonce,
    code_challenge: challenge.replace(/=/g, "").replace(/\+/g, "-").replace(/\//g, "_"),
    code_challenge_method: "S256",
    ...(isAnew ? { prompt: "login" } : {}),
  });
  sessionStorage.setItem("pay.sign_in", JSON.stringify(onItsWay));
  return `${identityUrl}/protocol/openid-connect/auth?${words}`;
}

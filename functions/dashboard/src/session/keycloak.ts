import * as oauth from "oauth4webapi";
import { SessionOver } from "./session-over";
import { type OnItsWay, signInUrl } from "./sign-in-url";

const CLIENT = "dashboard";
/** Where `signInUrl` keeps a sign-in on its way; it runs as text too, and so shares no name. */
const PLACE = "pay.sign_in";
const TIMEOUT_MILLISECONDS = 15_000;
const CENTURY_SECONDS = 3_155_760_000;

/** What Keycloak gave, and until when, by this browser's own clock. */
export interface Tokens {
  readonly person: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly endsAtMilliseconds: number;
}

/** Keycloak's realm as this page speaks with it: code and PKCE, with a state and a nonce of each sign-in. */
export class Keycloak {
  readonly #server: oauth.AuthorizationServer;
  readonly #client: oauth.Client = {
    client_id: CLIENT,
    // The telephone's clock may be wrong by years. This token came from Keycloak itself a moment ago,
    // for a nonce of this tab: its times would tell nothing more.
    [oauth.clockTolerance]: CENTURY_SECONDS,
  };

  constructor(
    identityUrl: string,
    private readonly back: { readonly signedIn: string; readonly signedOut: string },
  ) {
    const protocol = `${identityUrl}/protocol/openid-connect`;
    this.#server = {
      issuer: identityUrl,
      token_endpoint: `${protocol}/token`,
      end_session_endpoint: `${protocol}/logout`,
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** The address at which to sign in, to come back to `path`; `isAnew` asks for the password again. */
  signInUrl(path: string, isAnew: boolean): Promise<string> {
    return signInUrl(this.#server.issuer, this.back.signedIn, path, isAnew);
  }

  /** Take what came back at `url`, once: tokens, and where to go on. Throws for what was not asked for here. */
  async redeem(url: string): Promise<{ tokens: Tokens; path: string }> {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as OnItsWay | null;
    sessionStorage.removeItem(PLACE);
    if (kept === null) {
      throw new Error("no sign-in is on its way");
    }
    const answer = oauth.validateAuthResponse(this.#server, this.#client, new URL(url), kept.state);
    const response = await oauth.authorizationCodeGrantRequest(
      this.#server,
      this.#client,
      oauth.None(),
      answer,
      this.back.signedIn,
      kept.verifier,
      this.#options(),
    );
    const given = await oauth.processAuthorizationCodeResponse(
      this.#server,
      this.#client,
      response,
      { expectedNonce: kept.nonce, requireIdToken: true },
    );
    return { tokens: tokensOf(given), path: kept.path };
  }

  /** New tokens for these. Throws SessionOver where Keycloak refuses, and anything else without a network. */
  async renew(tokens: Tokens): Promise<Tokens> {
    const response = await oauth.refreshTokenGrantRequest(
      this.#server,
      this.#client,
      oauth.None(),
      tokens.refreshToken,
      this.#options(),
    );
    try {
      const given = await oauth.processRefreshTokenResponse(this.#server, this.#client, response);
      const next = tokensOf(given);
      if (next.person !== tokens.person) {
        throw new SessionOver("somebody else signed in");
      }
      return next;
    } catch (error) {
      throw error instanceof oauth.ResponseBodyError ? new SessionOver(error.error) : error;
    }
  }

  /** The address at which the session ends; whose it is says its token. */
  signOutUrl(tokens: Tokens | null): string {
    const words = new URLSearchParams({
      client_id: CLIENT,
      post_logout_redirect_uri: this.back.signedOut,
      ...(tokens === null ? {} : { id_token_hint: tokens.idToken }),
    });
    return `${this.#server.end_session_endpoint}?${words}`;
  }

  #options() {
    return {
      signal: () => AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      // On one's own machine Keycloak is spoken to in the clear; its address says so.
      [oauth.allowInsecureRequests]: this.#server.issuer.startsWith("http:"),
    };
  }
}

function tokensOf(given: oauth.TokenEndpointResponse): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(given);
  const { access_token, refresh_token, id_token, expires_in } = given;
  if (!claims || !refresh_token || !id_token || !expires_in) {
    throw new Error("Keycloak's answer lacks a token");
  }
  return {
    person: claims.sub,
    accessToken: access_token,
    refreshToken: refresh_token,
    idToken: id_token,
    endsAtMilliseconds: Date.now() + expires_in * 1000,
  };
}

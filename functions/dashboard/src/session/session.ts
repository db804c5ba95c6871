import {
  ErrorResponse,
  InMemoryWebStorage,
  type User,
  UserManager,
  WebStorageStateStore,
} from "oidc-client-ts";
import { forgetDrafts } from "./draft";

export type SessionState = "starting" | "signed_out" | "signed_in" | "expired";

/** Says in every tab of this browser that somebody is signed in; it is no secret and lets nobody in. */
const HINT = "pay.signed_in";
const BASE = "/dashboard";
/** A token is renewed this long before its end, so that none ends on its way. */
const RENEW_SECONDS = 30;

/** The session is over: whoever wants to go on signs in again. */
export class SessionOver extends Error {}

/**
 * Who is signed in at Keycloak, by code and PKCE. Tokens are kept in this page's memory alone: a page
 * that is loaded anew goes by way of Keycloak, whose own session lets it through without a question.
 */
export class Session {
  readonly #manager: UserManager;
  readonly #listeners = new Set<() => void>();
  #user: User | null = null;
  #renewal: Promise<User> | null = null;
  #completion: Promise<string> | null = null;
  #state: SessionState = "starting";

  constructor(identityUrl: string, origin: string) {
    const protocol = `${identityUrl}/protocol/openid-connect`;
    this.#manager = new UserManager({
      authority: identityUrl,
      client_id: "dashboard",
      scope: "openid",
      redirect_uri: `${origin}${BASE}/signed-in`,
      post_logout_redirect_uri: `${origin}${BASE}`,
      automaticSilentRenew: false,
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      // Only what a sign-in on its way needs; it is gone once that is over.
      stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
      metadata: {
        issuer: identityUrl,
        authorization_endpoint: `${protocol}/auth`,
        token_endpoint: `${protocol}/token`,
        end_session_endpoint: `${protocol}/logout`,
      },
    });
    window.addEventListener("storage", (event) => {
      if (event.key === HINT && event.newValue === null && this.#user !== null) {
        forgetDrafts();
        void this.#forget("signed_out");
      }
    });
  }

  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Go on with the session that this browser seems to have; without one, wait to be asked. */
  async resume(): Promise<void> {
    if (this.#state === "starting") {
      if (localStorage.getItem(HINT) === null) {
        this.#become("signed_out");
      } else {
        await this.signIn();
      }
    }
  }

  /** Leave for Keycloak, to come back to `path`, a path below ours: to this page without one. */
  async signIn(path = here()): Promise<void> {
    await this.#manager.signinRedirect({ state: path, redirectMethod: "replace" });
  }

  /** Prove again who is here, for what is only done by somebody who just did; back to this page. */
  async stepUp(): Promise<void> {
    await this.#manager.signinRedirect({
      state: here(),
      prompt: "login",
      redirectMethod: "replace",
    });
  }

  /** Who is signed in, as Keycloak names her; empty for nobody. */
  get person(): string {
    return this.#user?.profile.sub ?? "";
  }

  /** Take what Keycloak sent back, once; the path to go on with. */
  complete(url: string): Promise<string> {
    this.#completion ??= this.#complete(url);
    return this.#completion;
  }

  async #complete(url: string): Promise<string> {
    try {
      const user = await this.#manager.signinRedirectCallback(url);
      this.#user = user;
      localStorage.setItem(HINT, "1");
      this.#become("signed_in");
      return innerPath(user.state);
    } catch (error) {
      // What nobody here asked for signs nobody out: other tabs go on.
      this.#become("signed_out");
      throw error;
    }
  }

  /**
   * An access token that is good for a while yet. One renewal serves all who wait for it: Keycloak
   * takes a refresh token once.
   */
  async token(): Promise<string> {
    if (this.#user === null) {
      throw new SessionOver("nobody is signed in");
    }
    if ((this.#user.expires_in ?? 0) > RENEW_SECONDS) {
      return this.#user.access_token;
    }
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return (await this.#renewal).access_token;
  }

  async #renew(): Promise<User> {
    try {
      const user = await this.#manager.signinSilent();
      if (user === null) {
        throw new SessionOver("Keycloak gave no token");
      }
      this.#user = user;
      return user;
    } catch (error) {
      if (error instanceof ErrorResponse || error instanceof SessionOver) {
        await this.#forget("expired");
        throw new SessionOver("the session at Keycloak is over");
      }
      throw error; // no network: what is known stays, and the next one tries again
    }
  }

  /** End the session at Keycloak, and with it every tab's. */
  async signOut(): Promise<void> {
    localStorage.removeItem(HINT);
    forgetDrafts();
    await this.#manager.signoutRedirect({ redirectMethod: "replace" });
  }

  async #forget(state: SessionState): Promise<void> {
    this.#user = null;
    localStorage.removeItem(HINT);
    await this.#manager.removeUser();
    this.#become(state);
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** What follows `#`, such as an invitation's token, stays in this browser and is there again after. */
function here(): string {
  const { pathname, search, hash } = window.location;
  return `${pathname.slice(BASE.length)}${search}${hash}` || "/";
}

/** A path below our own; what came back from elsewhere leads nowhere else. */
export function innerPath(state: unknown): string {
  return typeof state === "string" && /^\/(?![/\\])/.test(state) ? state : "/";
}

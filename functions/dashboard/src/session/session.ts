import { forgetDrafts } from "./draft";
import { BASE, HINT, SIGNED_IN } from "./hint";
import { Keycloak, type Tokens } from "./keycloak";
import { SessionOver } from "./session-over";

export type SessionState = "starting" | "signed_out" | "signed_in" | "expired";

/** A token is renewed this long before its end, so that none ends on its way. */
const RENEW_MILLISECONDS = 30_000;

/**
 * Who is signed in at Keycloak, by code and PKCE. Tokens are kept in this page's memory alone: a page
 * that is loaded anew goes by way of Keycloak, whose own session lets it through without a question.
 */
export class Session {
  readonly #keycloak: Keycloak;
  readonly #listeners = new Set<() => void>();
  #tokens: Tokens | null = null;
  #renewal: Promise<Tokens> | null = null;
  #completion: Promise<string> | null = null;
  #state: SessionState = "starting";

  constructor(identityUrl: string, origin: string) {
    this.#keycloak = new Keycloak(identityUrl, {
      signedIn: `${origin}${SIGNED_IN}`,
      signedOut: `${origin}${BASE}`,
    });
    window.addEventListener("storage", (event) => {
      if (event.key === HINT && event.newValue === null && this.#tokens !== null) {
        forgetDrafts();
        this.#forget("signed_out");
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
    if (this.#state === "starting" && !isLeaving()) {
      if (localStorage.getItem(HINT) === null) {
        this.#become("signed_out");
      } else {
        await this.signIn();
      }
    }
  }

  /** Leave for Keycloak, to come back to `path`, a path below ours: to this page without one. */
  async signIn(path = here()): Promise<void> {
    window.location.replace(await this.#keycloak.signInUrl(path, false));
  }

  /** Prove again who is here, for what is only done by somebody who just did; back to this page. */
  async stepUp(): Promise<void> {
    window.location.replace(await this.#keycloak.signInUrl(here(), true));
  }

  /** Who is signed in, as Keycloak names her; empty for nobody. */
  get person(): string {
    return this.#tokens?.person ?? "";
  }

  /** Take what Keycloak sent back, once; the path to go on with. */
  complete(url: string): Promise<string> {
    this.#completion ??= this.#complete(url);
    return this.#completion;
  }

  async #complete(url: string): Promise<string> {
    try {
      const { tokens, path } = await this.#keycloak.redeem(url);
      this.#tokens = tokens;
      localStorage.setItem(HINT, "1");
      this.#become("signed_in");
      return innerPath(path);
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
    if (this.#tokens === null) {
      throw new SessionOver("nobody is signed in");
    }
    if (this.#tokens.endsAtMilliseconds - Date.now() > RENEW_MILLISECONDS) {
      return this.#tokens.accessToken;
    }
    this.#renewal ??= this.#renew(this.#tokens).finally(() => {
      this.#renewal = null;
    });
    return (await this.#renewal).accessToken;
  }

  async #renew(tokens: Tokens): Promise<Tokens> {
    try {
      this.#tokens = await this.#keycloak.renew(tokens);
      return this.#tokens;
    } catch (error) {
      if (error instanceof SessionOver) {
        this.#forget("expired");
      }
      throw error; // no network: what is known stays, and the next one tries again
    }
  }

  /** End the session at Keycloak, and with it every tab's. */
  signOut(): void {
    localStorage.removeItem(HINT);
    forgetDrafts();
    window.location.replace(this.#keycloak.signOutUrl(this.#tokens));
  }

  #forget(state: SessionState): void {
    this.#tokens = null;
    localStorage.removeItem(HINT);
    this.#become(state);
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** Tells whether this page left for Keycloak before it was alive. */
function isLeaving(): boolean {
  return document.documentElement.dataset.leaving !== undefined;
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

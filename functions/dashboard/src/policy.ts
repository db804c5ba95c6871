/** The header by which a page learns its own nonce. */
export const NONCE = "x-nonce";

/**
 * The content security policy of a page. Scripts and style elements run by `nonce` alone; the page
 * speaks with its own origin, `publicOrigin`, over HTTP and WebSocket, and with Keycloak's.
 */
export function contentSecurityPolicy(
  nonce: string,
  publicOrigin: string,
  identityOrigin: string,
): string {
  const socketOrigin = publicOrigin.replace(/^http/, "ws");
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    `connect-src 'self' ${socketOrigin} ${identityOrigin}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

import { type NextRequest, NextResponse } from "next/server";
import { contentSecurityPolicy, NONCE } from "./policy";
import { readSettings } from "./settings";

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
} as const;

/** Give each page a policy with a nonce of its own; Next.js reads it from the request's header. */
export function proxy(request: NextRequest): NextResponse {
  const { publicUrl, identityUrl } = readSettings();
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const policy = contentSecurityPolicy(
    nonce,
    new URL(publicUrl).origin,
    new URL(identityUrl).origin,
  );
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  headers.set(NONCE, nonce);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  for (const [name, value] of Object.entries(HEADERS)) {
    response.headers.set(name, value);
  }
  return response;
}

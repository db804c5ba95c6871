/** Where the browser finds the API and Keycloak. Nothing here is a secret; there is none. */
export interface Settings {
  /** The origin of the API and of these pages. */
  readonly publicUrl: string;
  /** Keycloak's realm. */
  readonly identityUrl: string;
}

/** Read the environment, at each request. */
export function readSettings(): Settings {
  return { publicUrl: required("PUBLIC_BASE_URL"), identityUrl: required("IDENTITY_URL") };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is missing`);
  }
  return value.replace(/\/$/, "");
}

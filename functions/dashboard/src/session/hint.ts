/** Says in every tab of this browser that somebody is signed in; it is no secret and lets nobody in. */
export const HINT = "pay.signed_in";
/** Below which path these pages stand. */
export const BASE = "/dashboard";
/** Where Keycloak sends back to. */
export const SIGNED_IN = `${BASE}/signed-in`;

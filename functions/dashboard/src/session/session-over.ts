/** The session is over: whoever wants to go on signs in again. */
export class SessionOver extends Error {}

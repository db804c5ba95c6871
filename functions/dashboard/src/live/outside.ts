import { type Api, answered, type PayEvent } from "@/api/client";
import type { Frame, Outside } from "./follower";

const TYPES = "charge.*,refund.*,receipt.available,payout.*,payout_batch.*,topup.*";
/** The server sends something every 20 s; a socket that is silent for longer is dead. */
const SILENCE_MILLISECONDS = 45_000;

/** The stream of `api`'s account and mode, over a WebSocket of this browser. */
export function browserOutside(api: Api): Outside<PayEvent> {
  return {
    async ticket() {
      return (await answered(api.POST("/v1/stream_tickets", {}))).ticket;
    },
    connect(ticket, after, take, ended) {
      const url = new URL("/v1/stream", window.location.origin.replace(/^http/, "ws"));
      url.searchParams.set("ticket", ticket);
      url.searchParams.set("types", TYPES);
      if (after !== null) {
        url.searchParams.set("after", after);
      }
      const socket = new WebSocket(url);
      const silence = () => setTimeout(() => socket.close(), SILENCE_MILLISECONDS);
      let timer = silence();
      socket.onmessage = ({ data }) => {
        clearTimeout(timer);
        timer = silence();
        take(JSON.parse(data) as Frame | PayEvent);
      };
      // Without a network nothing says that the socket is dead, but the browser knows.
      const lost = () => socket.close();
      window.addEventListener("offline", lost);
      socket.onclose = () => {
        clearTimeout(timer);
        window.removeEventListener("offline", lost);
        ended();
      };
      return { close: () => leave(socket) };
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          window.removeEventListener("online", done);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        // A telephone that is back in reach does not wait.
        window.addEventListener("online", done);
      }),
    chance: Math.random,
  };
}

/** A browser complains of a socket that is closed while it opens: such a one is closed once it has. */
function leave(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.onopen = () => socket.close();
  } else {
    socket.close();
  }
}

/** How the stream is: on its way, told as it happens, or out of reach. */
export type StreamState = "connecting" | "live" | "offline";

/** A frame of `/v1/stream`. */
export type Frame =
  | { readonly object: "stream"; readonly cursor: string }
  | { readonly object: "stream_end"; readonly cursor: string }
  | { readonly object: "ping" }
  | { readonly object: "event"; readonly id: string };

export interface Socket {
  close(): void;
}

/** The world outside: tickets, sockets, time. */
export interface Outside<Event extends Frame> {
  /** Get a ticket; throws where there is no network. */
  ticket(): Promise<string>;
  connect(
    ticket: string,
    after: string | null,
    take: (frame: Frame | Event) => void,
    ended: () => void,
  ): Socket;
  wait(milliseconds: number): Promise<void>;
  chance(): number;
}

export interface Told<Event> {
  event(event: Event): void;
  state(state: StreamState): void;
  /** The stream begins anew: what was fetched before may lack something, so fetch it again. */
  begun(): void;
}

const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 10_000;
/** A browser does not say why a handshake was refused; a cursor nobody knows is one reason. */
const REFUSALS_OF_A_CURSOR = 4;

/**
 * Follows the stream for as long as the page is open: after each cut it goes on behind the last frame
 * that came, with a ticket of its own. Nothing is missed, and nothing is told twice.
 */
export class Follower<Event extends Frame & { object: "event" }> {
  #cursor: string | null = null;
  #socket: Socket | null = null;
  #isStopped = false;
  #failures = 0;
  #refusals = 0;

  constructor(
    private readonly outside: Outside<Event>,
    private readonly told: Told<Event>,
  ) {}

  /** Follow until `stop`. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      const wasLive = await this.#followOnce();
      this.#failures = wasLive ? 0 : this.#failures + 1;
      if (!this.#isStopped) {
        await this.outside.wait(backoff(this.#failures, this.outside.chance()));
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.close();
  }

  async #followOnce(): Promise<boolean> {
    let ticket: string;
    try {
      ticket = await this.outside.ticket();
    } catch {
      this.#tell("offline");
      return false;
    }
    if (this.#isStopped) {
      return false;
    }
    const wasLive = await this.#listen(ticket);
    this.#refusals = wasLive ? 0 : this.#refusals + 1;
    if (this.#refusals >= REFUSALS_OF_A_CURSOR) {
      this.#cursor = null;
    }
    this.#tell("connecting");
    return wasLive;
  }

  #listen(ticket: string): Promise<boolean> {
    const after = this.#cursor;
    let wasLive = false;
    return new Promise((resolve) => {
      this.#socket = this.outside.connect(
        ticket,
        after,
        (frame) => {
          if (this.#isStopped) {
            return;
          }
          wasLive = true;
          this.#take(frame, after === null);
        },
        () => resolve(wasLive),
      );
    });
  }

  #take(frame: Frame | Event, isAnew: boolean): void {
    switch (frame.object) {
      case "stream":
        this.#cursor = frame.cursor;
        this.#tell("live");
        if (isAnew) {
          this.told.begun();
        }
        return;
      case "event":
        this.#cursor = frame.id;
        this.told.event(frame as Event);
        return;
      case "stream_end":
        this.#cursor = frame.cursor;
        return;
      case "ping":
        return;
    }
  }

  #tell(state: StreamState): void {
    if (!this.#isStopped) {
      this.told.state(state);
    }
  }
}

/** How long to wait after `failures` in a row, in milliseconds: longer each time, not all at once. */
export function backoff(failures: number, chance: number): number {
  const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** failures);
  return longest / 2 + (longest / 2) * chance;
}

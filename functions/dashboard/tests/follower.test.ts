import { describe, expect, it } from "vitest";
import { backoff, Follower, type Frame, type StreamState } from "@/live/follower";

type Told = Frame & { object: "event"; id: string };

/**
 * A server with a log of events: it lets each stream live for as many frames as `lives` says, and
 * loses what it was about to say when it cuts one.
 */
class Server {
  readonly log: string[] = [];
  readonly tickets: string[] = [];
  readonly used = new Set<string>();
  readonly asked: (string | null)[] = [];
  isReachable = true;
  forgets = false;

  constructor(private readonly lives: number[]) {}

  outside(onWait: (waits: number) => void) {
    let waits = 0;
    return {
      ticket: async () => {
        if (!this.isReachable) {
          throw new TypeError("no network");
        }
        this.tickets.push(`stt_${this.tickets.length}`);
        return `stt_${this.tickets.length - 1}`;
      },
      connect: (
        ticket: string,
        after: string | null,
        take: (frame: Frame | Told) => void,
        ended: () => void,
      ) => {
        this.asked.push(after);
        void Promise.resolve().then(() => {
          const isKnown = after === null || after === "start" || this.log.includes(after);
          if (this.used.has(ticket) || !isKnown || (this.forgets && after !== null)) {
            return ended();
          }
          this.used.add(ticket);
          const begin = after === null ? this.log.length : this.log.indexOf(after) + 1;
          take({ object: "stream", cursor: after ?? this.log.at(-1) ?? "start" });
          const life = this.lives.shift() ?? 0;
          this.log.push(`evt_${this.log.length}`, `evt_${this.log.length + 1}`);
          for (const id of this.log.slice(begin, begin + life)) {
            take({ object: "event", id });
          }
          ended();
        });
        return { close: () => {} };
      },
      wait: async () => {
        waits += 1;
        onWait(waits);
      },
      chance: () => 0.5,
    };
  }
}

async function follow(server: Server, waits: number, during: (wait: number) => void = () => {}) {
  const seen: string[] = [];
  const states: StreamState[] = [];
  let begun = 0;
  const follower: Follower<Told> = new Follower<Told>(
    server.outside((wait) => {
      during(wait);
      if (wait === waits) {
        follower.stop();
      }
    }),
    {
      event: (event) => void seen.push(event.id),
      state: (state) => void states.push(state),
      begun: () => {
        begun += 1;
      },
    },
  );
  await follower.run();
  return { seen, states, begun };
}

describe("following", () => {
  it("misses nothing and tells nothing twice, however often it is cut", async () => {
    const server = new Server([1, 0, 3, 1, 0, 0, 9]);

    const { seen, begun } = await follow(server, 9);

    expect(seen.length).toBeGreaterThan(8);
    expect(seen).toEqual(server.log.slice(0, seen.length));
    expect(begun).toBe(1);
  });

  it("shows each ticket once", async () => {
    const server = new Server([1, 1, 1]);
    await follow(server, 3);

    expect(server.used.size).toBe(server.tickets.length);
    expect(server.asked[0]).toBeNull();
  });

  it("says that there is no network, keeps its cursor, and goes on behind it", async () => {
    const server = new Server([2, 9]);

    const { seen, states, begun } = await follow(server, 8, (wait) => {
      server.isReachable = wait > 6;
    });

    expect(states).toContain("offline");
    expect(seen).toEqual(server.log.slice(0, seen.length));
    expect([server.asked, begun]).toEqual([[null, "evt_1"], 1]);
  });

  it("begins anew, and says so, where nobody knows its cursor any more", async () => {
    const server = new Server([1, 1, 1]);

    const { begun } = await follow(server, 7, () => {
      server.forgets = true;
    });

    expect(begun).toBe(2);
    expect(server.asked.filter((after) => after === null).length).toBe(2);
  });

  it("waits longer after each failure, to a bound", () => {
    expect(backoff(0, 1)).toBe(250);
    expect(backoff(3, 0)).toBe(1000);
    expect(backoff(50, 1)).toBe(10_000);
  });
});

"use client";

import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import type { Charge, PayEvent } from "@/api/client";
import { useWork } from "@/session/work";
import { type Arrival, Arrivals } from "./arrivals";
import { Follower, type StreamState } from "./follower";
import { browserOutside } from "./outside";
import { paymentOf } from "./payment-of";
import { Refreshes } from "./refreshes";

interface Live {
  readonly arrivals: Arrivals;
  readonly state: StreamState;
}

const LiveContext = createContext<Live | null>(null);
const BALANCE_PAUSE_MILLISECONDS = 3000;
const MOST_PAGES = 3;

/** Follows the stream of the account and mode at work, for all that is shown below. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { api, key } = useWork();
  const queries = useQueryClient();
  const [state, setState] = useState<StreamState>("connecting");
  const [arrivals] = useState(
    () =>
      new Arrivals(() =>
        queries.refetchQueries({ queryKey: key("charges") }, { throwOnError: true }),
      ),
  );

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const balanceSoon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        void queries.invalidateQueries({ queryKey: key("balance") });
      }, BALANCE_PAUSE_MILLISECONDS);
    };
    const refreshes = new Refreshes(
      (list) => void queries.invalidateQueries({ queryKey: key(list), predicate: isShort }),
    );
    const follower = new Follower<PayEvent>(browserOutside(api), {
      state: setState,
      begun: () => void queries.invalidateQueries({ queryKey: key() }),
      event: (event) => {
        const charge = chargeOf(event);
        if (charge !== null) {
          arrivals.take(charge);
        }
        void queries.invalidateQueries({ queryKey: key("payment", paymentOf(event) ?? "none") });
        if (event.type === "charge.late_payment") {
          void queries.invalidateQueries({ queryKey: key("late_payments") });
        }
        refreshes.hear(event.type);
        balanceSoon();
      },
    });
    void follower.run();
    return () => {
      follower.stop();
      refreshes.stop();
      if (timer !== null) {
        clearTimeout(timer);
      }
    };
  }, [api, arrivals, key, queries]);

  return <LiveContext value={{ arrivals, state }}>{children}</LiveContext>;
}

/** What the stream told of, and how it is. */
export function useLive(): Live & { readonly arrived: ReadonlyMap<string, Arrival> } {
  const live = useContext(LiveContext);
  if (live === null) {
    throw new Error("there is no stream here");
  }
  const { subscribe, snapshot } = live.arrivals;
  return { ...live, arrived: useSyncExternalStore(subscribe, snapshot, snapshot) };
}

/** Not a list of which somebody had many pages shown: to fetch all of them for each event is too much. */
function isShort({ state }: { state: { data: unknown } }): boolean {
  const pages = (state.data as { pages?: unknown } | undefined)?.pages;
  return !Array.isArray(pages) || pages.length <= MOST_PAGES;
}

function chargeOf(event: PayEvent): Charge | null {
  const { object } = event.data;
  return "object" in object && object.object === "charge" ? (object as unknown as Charge) : null;
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Charge } from "@/api/client";
import { merge } from "@/live/arrivals";
import { useLive } from "@/live/provider";
import { useWork } from "@/session/work";
import { clock, dayStart } from "@/text/time";
import { fetchSince } from "./since";

const DAY_CHECK_MILLISECONDS = 30_000;

/** The payments of today as far as they are known; null before they were fetched. */
interface Today {
  readonly charges: readonly Charge[] | null;
  /** Whether there were more than we fetch. */
  readonly isCut: boolean;
  readonly error: Error | null;
  readonly again: () => void;
}

export function useToday(): Today {
  const { api, key } = useWork();
  const since = useDayStart();
  const { arrived } = useLive();
  const { data, error, refetch } = useQuery({
    queryKey: key("charges", "since", since),
    queryFn: () => fetchSince(api, since),
  });
  const ofToday = [...arrived.values()]
    .map(({ charge }) => charge)
    .filter(({ created }) => created >= since);
  return {
    charges: data === undefined ? null : merge(data.charges, ofToday),
    isCut: data?.isCut ?? false,
    error: data === undefined ? error : null,
    again: () => void refetch(),
  };
}

/** The second at which today began in Cameroon; a page that is open at midnight goes on to the next. */
function useDayStart(): number {
  const [since, setSince] = useState(() => dayStart(clock.now()));
  useEffect(() => {
    const timer = setInterval(() => setSince(dayStart(clock.now())), DAY_CHECK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return since;
}

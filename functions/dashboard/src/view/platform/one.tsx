"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { usePlace } from "@/session/place";
import { Failed, Loading } from "../states";

const ROWS = 6;
const LOOK_MILLISECONDS = 2000;

/**
 * A page of one object: the way back to the list, and the object once it is there. `show` gets what to
 * call with what an act answered: the newest state of the object.
 */
export function One<Thing>(props: {
  name: readonly string[];
  /** While it says so, it is looked at again. */
  isMoving?: (thing: Thing) => boolean;
  fetch: () => Promise<Thing>;
  back: { href: string; word: string };
  children: (thing: Thing, became: (thing: Thing | null) => void) => ReactNode;
}) {
  const { name, isMoving, fetch, back, children } = props;
  const { key } = usePlace();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: key(...name),
    queryFn: fetch,
    refetchInterval: ({ state }) =>
      state.data !== undefined && isMoving?.(state.data as Thing) ? LOOK_MILLISECONDS : false,
  });
  const became = (thing: Thing | null) => {
    if (thing !== null) {
      queries.setQueryData(key(...name), thing);
    }
    // Lists and whatever hangs on it may be others now.
    void queries.invalidateQueries({ queryKey: key() });
  };
  return (
    <>
      <Link className="inline-flex min-h-11 items-center text-accent underline" href={back.href}>
        {back.word}
      </Link>
      {data !== undefined ? (
        children(data, became)
      ) : (
        <div className="card">
          {error !== null ? (
            <Failed error={error} again={() => void refetch()} />
          ) : (
            <Loading rows={ROWS} />
          )}
        </div>
      )}
    </>
  );
}

import type { components } from "@/api/schema";

/** As many as the API takes in one request. */
const MOST = 100;

type Letter = Pick<components["schemas"]["DeadLetter"], "id" | "status" | "replays_as">;

/** Of the shown those that wait and that somebody could read: they can be sent again. */
export function replayable(letters: readonly Letter[]): string[] {
  return letters
    .filter(({ status, replays_as }) => status === "waiting" && replays_as !== null)
    .slice(0, MOST)
    .map(({ id }) => id);
}

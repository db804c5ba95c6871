import { type Api, answered, type Charge } from "@/api/client";
import { percent } from "@/text/money";

const PAGE = 100;
const MOST_PAGES = 5;

/** Payments since a second, newest first; `isCut` where there were more than we fetch. */
export interface Since {
  readonly charges: readonly Charge[];
  readonly isCut: boolean;
}

export async function fetchSince(api: Api, second: number): Promise<Since> {
  const charges: Charge[] = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const last = charges.at(-1)?.id;
    const { data, has_more } = await answered(
      api.GET("/v1/charges", {
        params: {
          query: {
            limit: PAGE,
            created: { gte: second },
            ...(last === undefined ? {} : { starting_after: last }),
          },
        },
      }),
    );
    charges.push(...data);
    if (!has_more) {
      return { charges, isCut: false };
    }
  }
  return { charges, isCut: true };
}

/** What came in, of how many payments, and how many of those that have ended succeeded. */
export interface Figures {
  readonly francs: number;
  readonly succeeded: number;
  readonly rate: number | null;
}

export function figures(charges: readonly Charge[]): Figures {
  const succeeded = charges.filter(({ status }) => status === "succeeded");
  const failed = charges.filter(({ status }) => status === "failed");
  return {
    francs: succeeded.reduce((sum, { amount }) => sum + amount, 0),
    succeeded: succeeded.length,
    rate: percent(succeeded.length, succeeded.length + failed.length),
  };
}

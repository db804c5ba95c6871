// A charge by a client that is made from openapi.json alone: made, read and listed, and one refused.
import createClient from "openapi-fetch";
import type { components, paths } from "./pay";

declare const process: { env: Record<string, string>; stdout: { write(text: string): void } };

type Charge = components["schemas"]["Charge"];

async function run(): Promise<void> {
  const pay = createClient<paths>({
    baseUrl: process.env.BASE_URL,
    headers: { Authorization: `Bearer ${process.env.SECRET_KEY}` },
  });
  const made = await pay.POST("/v1/charges", {
    params: { header: { "Idempotency-Key": process.env.REFERENCE } },
    body: {
      amount: 1500,
      currency: "xaf",
      payment_method: { type: "mobile_money", phone: "+237670000001" },
      reference: process.env.REFERENCE,
      metadata: { order: "7" },
    },
  });
  const charge: Charge = made.data!;
  const read = await pay.GET("/v1/charges/{id}", { params: { path: { id: charge.id } } });
  const listed = await pay.GET("/v1/charges", {
    params: { query: { reference: process.env.REFERENCE, created: { gte: 0 } } },
  });
  const refused = await pay.POST("/v1/charges", {
    body: {
      amount: 0,
      currency: "xaf",
      payment_method: { type: "mobile_money", phone: "+237670000001" },
    },
  });
  const names: string[] = listed.data!.data!.map((each: Charge) => each.id);
  process.stdout.write(
    JSON.stringify({
      made: charge.id,
      read: read.data?.id,
      status: read.data?.status,
      listed: names,
      refused: refused.error?.error.code,
    }),
  );
}

void run();

// Drives Stripe's unmodified SDK through charge, refund, payout and books, and prints what it saw.
"use strict";

const Stripe = require("stripe");

const { BASE_URL, LOSSY_PORT, SECRET_KEY, HURRIED_KEY } = process.env;
const PATIENCE_MS = 45_000;

function client(key, port = new URL(BASE_URL).port, more = {}) {
  const host = new URL(BASE_URL).hostname;
  return new Stripe(key, { host, port, protocol: "http", telemetry: false, ...more });
}

const stripe = client(SECRET_KEY);
const METHOD = { type: "mobile_money", phone: "+237675100001" };

function order(more = {}) {
  return { amount: 2500, currency: "xaf", payment_method: METHOD, ...more };
}

async function failure(action) {
  try {
    await action();
  } catch (error) {
    return { type: error.type, code: error.code, param: error.param, status: error.statusCode };
  }
  return null;
}

async function ended(look, unfinished = ["pending"]) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const found = await look();
    if (!unfinished.includes(found.status)) return found;
    await new Promise((resume) => setTimeout(resume, 100));
  }
  throw new Error("it did not end");
}

async function money() {
  const made = await stripe.charges.create(order({ description: null, metadata: { order: "7" } }));
  const charge = await ended(() => stripe.charges.retrieve(made.id));
  const refund = await stripe.refunds.create({ charge: charge.id, amount: 500 });
  const payout = await stripe.payouts.create({ amount: 700, currency: "xaf", destination: METHOD });
  return {
    charge,
    refund: await ended(() => stripe.refunds.retrieve(refund.id)),
    payout: await ended(() => stripe.payouts.retrieve(payout.id), ["pending", "in_transit"]),
    balance: await stripe.balance.retrieve(),
    line: await stripe.balanceTransactions.retrieve(charge.balance_transaction),
    event: (await stripe.events.list({ type: "charge.succeeded", limit: 1 })).data[0],
  };
}

async function files() {
  const file = { data: Buffer.from(process.env.DOCUMENT, "base64"), name: "rccm.pdf", type: "application/pdf" };
  const made = await stripe.files.create({ purpose: "business_document", file });
  const kept = await ended(() => stripe.files.retrieve(made.id), ["quarantined"]);
  const listed = (await stripe.files.list({ limit: 3 })).data.map((each) => each.id);
  return { file: kept, files: listed };
}

async function pages() {
  const made = [];
  for (let at = 0; at < 5; at += 1) made.push((await stripe.charges.create(order())).id);
  const listed = [];
  for await (const each of stripe.charges.list({ limit: 2, created: { gt: 1 } })) listed.push(each.id);
  return { made: made.reverse(), listed };
}

async function people() {
  const email = `node-${Date.now()}@shop.example`;
  const made = [];
  for (const name of ["Awa", "Paul", "Marie"]) {
    made.push(await stripe.customers.create({ name, email, phone: METHOD.phone, metadata: { n: "1" } }));
  }
  const changed = await stripe.customers.update(made[0].id, { description: "regular", metadata: { n: null, m: "2" } });
  const listed = [];
  for await (const each of stripe.customers.list({ email, limit: 2 })) listed.push(each.id);
  const charge = await stripe.charges.create(order({ payment_method: { type: "mobile_money" }, customer: made[0].id }));
  const expanded = await stripe.charges.retrieve(charge.id, { expand: ["customer"] });
  const searched = [];
  for await (const each of stripe.charges.search({ query: `customer:'${made[0].id}'`, limit: 1 })) {
    searched.push(each.id);
  }
  const deleted = await stripe.customers.del(made[0].id);
  const left = await stripe.customers.retrieve(made[0].id);
  return { made: made.map((each) => each.id), changed, listed, charge: charge.id, expanded, searched, deleted, left };
}

async function words(refund, payout) {
  const metadata = { a: "1" };
  return [await stripe.refunds.update(refund, { metadata }), await stripe.payouts.update(payout, { metadata })];
}

async function errors() {
  const key = { idempotencyKey: `node-${Date.now()}` };
  await stripe.charges.create(order(), key);
  const made = await stripe.rawRequest("POST", "/v1/api_keys", { kind: "restricted", scopes: ["charges:read"] });
  const hurried = client(HURRIED_KEY);
  return {
    amount: await failure(() => stripe.charges.create(order({ amount: 0 }))),
    missing: await failure(() => stripe.charges.retrieve(`ch_${"2".repeat(24)}`)),
    reused: await failure(() => stripe.charges.create(order({ amount: 100 }), key)),
    nobody: await failure(() => client(`sk_test_${"x".repeat(59)}`).charges.list()),
    reader: await failure(() => client(made.secret).charges.create(order())),
    large: await failure(() => stripe.charges.create(order({ description: "x".repeat(70_000) }))),
    hurried: await failure(async () => {
      for (let at = 0; at < 5; at += 1) await hurried.charges.list();
    }),
    away: await failure(() => client(SECRET_KEY, 9, { maxNetworkRetries: 0 }).charges.list()),
  };
}

async function main() {
  const reference = `node-${Date.now()}`;
  const lost = await client(SECRET_KEY, LOSSY_PORT).charges.create(order({ reference }));
  const [seen, paged, kept, refused] = [await money(), await pages(), await people(), await errors()];
  const worded = await words(seen.refund.id, seen.payout.id);
  return { ...seen, ...paged, ...refused, ...(await files()), people: kept, worded, reference, lost: lost.id };
}

main().then(
  (seen) => process.stdout.write(JSON.stringify(seen)),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);

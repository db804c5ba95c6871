// Drives the unmodified npm client `mtn-momo` through its collection flow and prints what it saw.
"use strict";

const momo = require("mtn-momo");

const { BASE_URL, ENVIRONMENT, CURRENCY, SUBSCRIPTION_KEY, CALLBACK_HOST, CALLBACK_URL, PAYER, REJECTING_PAYER } =
  process.env;

function request(payer, more = {}) {
  return {
    amount: "50",
    currency: CURRENCY,
    externalId: "123456",
    payer: { partyIdType: momo.PayerType.MSISDN, partyId: payer },
    payerMessage: "testing",
    payeeNote: "hello",
    ...more,
  };
}

async function failure(action) {
  try {
    await action();
  } catch (error) {
    return { name: error.name, message: error.message, transaction: error.transaction };
  }
  return null;
}

async function main() {
  const { Collections, Users } = momo.create({
    callbackHost: CALLBACK_HOST,
    baseUrl: BASE_URL,
    environment: ENVIRONMENT,
  });
  const users = Users({ primaryKey: SUBSCRIPTION_KEY });
  const userId = await users.create(CALLBACK_HOST);
  const { apiKey } = await users.login(userId);
  const keys = { userId, userSecret: apiKey, primaryKey: SUBSCRIPTION_KEY };
  const collections = Collections(keys);

  const paid = await collections.requestToPay(request(PAYER, { callbackUrl: CALLBACK_URL }));
  const rejected = await collections.requestToPay(request(REJECTING_PAYER));
  return {
    userId,
    reference: paid,
    transaction: await collections.getTransaction(paid),
    balance: await collections.getBalance(),
    isActive: await collections.isPayerActive(PAYER),
    rejection: await failure(() => collections.getTransaction(rejected)),
    wrongCurrency: await failure(() => collections.requestToPay(request(PAYER, { currency: "USD" }))),
    wrongHost: await failure(() =>
      collections.requestToPay(request(PAYER, { callbackUrl: "https://elsewhere.example/x" })),
    ),
    unknownReference: await failure(() => collections.getTransaction(userId)),
    wrongKey: await failure(() => Collections({ ...keys, userSecret: "0" }).getBalance()),
  };
}

main().then(
  (seen) => process.stdout.write(JSON.stringify(seen)),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);

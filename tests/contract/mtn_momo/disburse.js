// Drives the unmodified npm client `mtn-momo` through its disbursement flow and prints what it saw.
"use strict";

const momo = require("mtn-momo");

const { BASE_URL, ENVIRONMENT, CURRENCY, SUBSCRIPTION_KEY, CALLBACK_HOST, CALLBACK_URL, REFERENCE } = process.env;
const { USER_ID, USER_SECRET, PAYEE, MISSING_PAYEE, REJECTED_PAYEE, INACTIVE_PAYEE } = process.env;

function request(payee, more = {}) {
  return {
    amount: "50",
    currency: CURRENCY,
    externalId: "947354",
    payee: { partyIdType: momo.PayerType.MSISDN, partyId: payee },
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
  const { Collections, Disbursements } = momo.create({
    callbackHost: CALLBACK_HOST,
    baseUrl: BASE_URL,
    environment: ENVIRONMENT,
  });
  const keys = { userId: USER_ID, userSecret: USER_SECRET, primaryKey: SUBSCRIPTION_KEY };
  const disbursements = Disbursements(keys);

  const paid = await disbursements.transfer(
    request(PAYEE, { referenceId: REFERENCE, callbackUrl: CALLBACK_URL }),
  );
  const rejected = await disbursements.transfer(request(REJECTED_PAYEE));
  const missing = await disbursements.transfer(request(MISSING_PAYEE));
  const tooMuch = await disbursements.transfer(request(PAYEE, { amount: "51" }));
  return {
    reference: paid,
    transaction: await disbursements.getTransaction(paid),
    balance: await disbursements.getBalance(),
    isActive: await disbursements.isPayerActive(PAYEE),
    isInactive: await disbursements.isPayerActive(INACTIVE_PAYEE),
    rejection: await failure(() => disbursements.getTransaction(rejected)),
    missing: await failure(() => disbursements.getTransaction(missing)),
    tooMuch: await failure(() => disbursements.getTransaction(tooMuch)),
    repeated: await failure(() => disbursements.transfer(request(PAYEE, { referenceId: REFERENCE }))),
    wrongCurrency: await failure(() => disbursements.transfer(request(PAYEE, { currency: "USD" }))),
    unknownReference: await failure(() => disbursements.getTransaction(USER_ID)),
    wrongKey: await failure(() => Disbursements({ ...keys, userSecret: "0" }).getBalance()),
    wrongProduct: await failure(() => Collections(keys).getBalance()),
  };
}

main().then(
  (seen) => process.stdout.write(JSON.stringify(seen)),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);

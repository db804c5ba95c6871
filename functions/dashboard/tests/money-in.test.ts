import { describe, expect, it } from "vitest";
import type { PayEvent } from "@/api/client";
import type { components } from "@/api/schema";
import { paymentOf } from "@/live/payment-of";
import { readAmount } from "@/text/amount";
import { changesOf, fieldsOf } from "@/view/customers/fields";
import { readSearch } from "@/view/customers/search";
import { curlOf } from "@/view/payment/command";
import { refundable } from "@/view/payment/rest";
import { charge } from "./charges";

const told = (object: object) => ({ data: { object } }) as unknown as PayEvent;

describe("an event", () => {
  it("tells of the payment, or of the one that its object is about", () => {
    expect(paymentOf(told({ object: "charge", id: "ch_1" }))).toBe("ch_1");
    expect(paymentOf(told({ object: "refund", id: "rf_1", charge: "ch_1" }))).toBe("ch_1");
    expect(paymentOf(told({ object: "late_payment", id: "lp_1", charge: null }))).toBeNull();
    expect(paymentOf(told({ object: "payout", id: "po_1" }))).toBeNull();
  });
});

describe("what can be given back", () => {
  it("is what is left of what was paid", () => {
    const paid = { status: "succeeded", paid: true, amount_refunded: 200, amount_reversed: 50 };
    expect(refundable(charge(1, paid as object))).toBe(250);
    expect(refundable(charge(1, { ...paid, paid: false } as object))).toBe(0);
  });

  it("is read as people type it, and never as a part of a franc", () => {
    for (const typed of ["2000", "2 000", "2\u00a0000 FCFA", " 2.000 "]) {
      expect(readAmount(typed)).toBe(2000);
    }
    for (const typed of ["", "0", "-5", "2,5", "2.5", "1e3", "0x10", "20 00"]) {
      expect(readAmount(typed)).toBeNull();
    }
  });
});

describe("a search for customers", () => {
  it("is by what the words look like", () => {
    expect(readSearch(" awa@shop.example ")).toEqual({ email: "awa@shop.example" });
    expect(readSearch("+237 6 70 00 00 01")).toEqual({ phone: "+237670000001" });
    expect(readSearch("cli-42")).toEqual({ reference: "cli-42" });
    expect(readSearch("12345")).toEqual({ reference: "12345" });
    expect(readSearch(" ")).toEqual({});
    expect(readSearch(null)).toEqual({});
  });
});

describe("a customer's form", () => {
  const kept = {
    name: "Awa",
    phone: "+2376****01",
    email: null,
    reference: "c-1",
    description: null,
    preferred_locale: "fr",
  } as components["schemas"]["Customer"];

  it("sends what differs, and null for what was taken away", () => {
    const fields = { ...fieldsOf(kept), name: " Awa Njoya ", reference: "" };
    expect(changesOf(kept, fields)).toEqual({ name: "Awa Njoya", reference: null });
    expect(changesOf(kept, fieldsOf(kept))).toEqual({});
    expect(changesOf(null, { ...fieldsOf(null), phone: " 670 00 00 01" })).toEqual({
      phone: "670000001",
    });
  });
});

describe("a request to be copied", () => {
  it("names the key and never holds one", () => {
    expect(curlOf("https://pay.example/v1/charges/ch_1")).toBe(
      "curl -s 'https://pay.example/v1/charges/ch_1' \\\n" +
        '  -H "Authorization: Bearer $PAY_API_KEY"',
    );
  });
});

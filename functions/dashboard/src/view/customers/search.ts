/** What a list of customers is narrowed by: the API finds each by the whole of one of these. */
export interface CustomerSearch {
  readonly email?: string;
  readonly phone?: string;
  readonly reference?: string;
}

const PHONE = /^\+?\d{9,15}$/;

/** What somebody means by the words of the one field: an address, a number, or a reference. */
export function readSearch(words: string | null): CustomerSearch {
  const typed = words?.trim() ?? "";
  const plain = typed.replace(/[\s.-]/g, "");
  if (typed === "") {
    return {};
  }
  if (typed.includes("@")) {
    return { email: typed };
  }
  return PHONE.test(plain) ? { phone: plain } : { reference: typed };
}

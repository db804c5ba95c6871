import type { components } from "@/api/schema";

type Kept = components["schemas"]["Customer"];
export type CustomerBody = components["schemas"]["CustomerCreate"];

/** What the form of a customer holds, as it is typed. */
export interface CustomerFields {
  readonly name: string;
  readonly phone: string;
  readonly email: string;
  readonly reference: string;
  readonly description: string;
  readonly preferred_locale: string;
}

/** What is there to begin with. A number is shown masked, so its field is empty: that leaves it as it is. */
export function fieldsOf(customer: Kept | null): CustomerFields {
  return {
    name: customer?.name ?? "",
    phone: "",
    email: customer?.email ?? "",
    reference: customer?.reference ?? "",
    description: customer?.description ?? "",
    preferred_locale: customer?.preferred_locale ?? "",
  };
}

/** What of it is to be sent: all that differs, and null for what was taken away. */
export function changesOf(customer: Kept | null, fields: CustomerFields): CustomerBody {
  const before = fieldsOf(customer);
  const changed = Object.entries(fields)
    .map(([name, typed]) => [name, plain(name, typed)] as const)
    .filter(([name, typed]) => typed !== before[name as keyof CustomerFields]);
  return Object.fromEntries(changed.map(([name, typed]) => [name, typed === "" ? null : typed]));
}

/** Without the blanks around it, and a number without those inside, which people read it by. */
function plain(name: string, typed: string): string {
  return name === "phone" ? typed.replace(/\s/g, "") : typed.trim();
}

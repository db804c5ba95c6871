/** What a file seems to hold, for whoever is about to send it; what it really holds the API says. */
export interface Preview {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly count: number;
  /** Of all amounts, null where not all of them are whole. */
  readonly francs: number | null;
}

const SHOWN = 5;
const AMOUNT = /^\d{1,12}$/;

/** Look into a file of comma-separated cells. */
export function preview(text: string): Preview {
  const [head = [], ...lines] = cells(text.replace(/^\ufeff/, ""));
  const names = head.map((name) => name.trim().toLowerCase());
  const place = names.indexOf("amount");
  const rows = lines.filter((line) => line.some((cell) => cell !== ""));
  let francs: number | null = 0;
  for (const row of rows) {
    const amount: string = row[place]?.trim() ?? "";
    francs = francs === null || !AMOUNT.test(amount) ? null : francs + Number(amount);
  }
  return { names, rows: rows.slice(0, SHOWN), count: rows.length, francs };
}

/** The cells of each line; one in quotation marks may hold commas, line ends and doubled marks. */
function cells(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endCell = () => {
    line.push(cell);
    cell = "";
  };
  const endLine = () => {
    endCell();
    lines.push(line);
    line = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') {
      if (isQuoted && text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else {
        isQuoted = !isQuoted;
      }
    } else if (isQuoted) {
      cell += sign;
    } else if (sign === ",") {
      endCell();
    } else if (sign === "\n") {
      endLine();
    } else if (sign !== "\r") {
      cell += sign;
    }
  }
  endLine();
  return lines;
}

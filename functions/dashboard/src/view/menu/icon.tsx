/** Drawn on 24 by 24, in the colour of the words beside it. */
const LINES = {
  house: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  in: "M12 4v11m-4-4 4 4 4-4M5 20h14",
  out: "M12 15V4M8 8l4-4 4 4M5 20h14",
  more: "M5 7h14M5 12h14M5 17h14",
  person: "M5 20c0-4 3-6 7-6s7 2 7 6M12 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  flag: "M6 21V4h12l-2 4 2 4H6",
  purse: "M4 8h16v11H4zM4 8l12-4v4M15 13.5h2",
} as const;

export type Sign = keyof typeof LINES;

/** A sign beside a word that says the same. */
export function Icon({ sign }: { sign: Sign }) {
  return (
    <svg
      aria-hidden="true"
      className="size-6 fill-none stroke-2 stroke-current"
      strokeLinecap="round"
      strokeLinejoin="round"
      viewBox="0 0 24 24"
    >
      <path d={LINES[sign]} />
    </svg>
  );
}

import type { ReactNode } from "react";

/** A box to tick, as high as a finger. */
export function Check(props: {
  isOn: boolean;
  change: (isOn: boolean) => void;
  children: ReactNode;
  isDisabled?: boolean;
}) {
  const { isOn, change, children, isDisabled = false } = props;
  return (
    <label className="flex min-h-11 min-w-0 items-center gap-3">
      <input
        checked={isOn}
        className="size-5 shrink-0 accent-accent"
        disabled={isDisabled}
        type="checkbox"
        onChange={({ target }) => change(target.checked)}
      />
      <span className="min-w-0 [overflow-wrap:anywhere]">{children}</span>
    </label>
  );
}

"use client";

import type { Act } from "@/act/use-act";
import { ApiError } from "@/api/client";
import { useFailure } from "../states";

/** Why a form was refused, where that is not said at one of `fields`. */
export function Refusal<Body>({ act, fields }: { act: Act<Body>; fields: readonly string[] }) {
  const failure = useFailure();
  const { error } = act;
  const isAtField =
    error instanceof ApiError && error.param !== null && fields.includes(error.param);
  return (
    <p className="text-bad empty:hidden" role="alert">
      {error === null || isAtField ? null : failure(error)}
    </p>
  );
}

import { type Api, ApiError, answered } from "@/api/client";

const LARGEST_BYTES = 512_000;
const LARGEST_SIDE = 1000;
/** Enough for a print; what is larger is drawn again this large. */
const SIDE = 600;
const LOOK_MILLISECONDS = 500;
const LOOKS = 80;

/** A logo that somebody chose, as it will be sent. */
export interface ChosenLogo {
  readonly name: string;
  readonly digest: string;
  readonly content: Blob;
}

/** How large a picture is drawn so that its longer side is `SIDE` at most. */
export function fit(width: number, height: number, side = SIDE): readonly [number, number] {
  const longest = Math.max(width, height);
  if (longest <= side) {
    return [width, height];
  }
  const scaled = (length: number) => Math.max(1, Math.round((length * side) / longest));
  return [scaled(width), scaled(height)];
}

/** Read a picture, smaller where it is too large for receipts; null where it is none. */
export async function readLogo(file: File): Promise<ChosenLogo | null> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (picture === null) {
    return null;
  }
  const isFit =
    file.size <= LARGEST_BYTES &&
    Math.max(picture.width, picture.height) <= LARGEST_SIDE &&
    ["image/png", "image/jpeg"].includes(file.type);
  const content = isFit ? file : await drawn(picture);
  if (content === null) {
    return null;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await content.arrayBuffer()));
  const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { name: content.type === "image/png" ? "logo.png" : "logo.jpg", digest, content };
}

async function drawn(picture: ImageBitmap): Promise<Blob | null> {
  const [width, height] = fit(picture.width, picture.height);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
  const as = (type: string) =>
    new Promise<Blob | null>((done) => {
      canvas.toBlob(done, type, 0.9);
    });
  const png = await as("image/png");
  return png !== null && png.size <= LARGEST_BYTES ? png : as("image/jpeg");
}

/** Hand a logo in and wait until it was looked through; its id. `refused` says why it cannot be. */
export async function handIn(
  api: Api,
  logo: ChosenLogo,
  idempotencyKey: string,
  refused: string,
): Promise<string> {
  const form = new FormData();
  form.set("purpose", "business_logo");
  form.set("file", logo.content, logo.name);
  let file = await answered(
    api.POST("/v1/files", {
      params: { header: { "Idempotency-Key": idempotencyKey } },
      body: { purpose: "business_logo", file: "" },
      bodySerializer: () => form,
    }),
  );
  for (let look = 0; look < LOOKS && file.status === "quarantined"; look += 1) {
    await new Promise((done) => {
      setTimeout(done, LOOK_MILLISECONDS);
    });
    file = await answered(api.GET("/v1/files/{id}", { params: { path: { id: file.id } } }));
  }
  if (file.status !== "available") {
    throw new ApiError(400, "file_not_available", refused, "file");
  }
  return file.id;
}

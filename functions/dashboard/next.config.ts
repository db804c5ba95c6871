import type { NextConfig } from "next";
import createNextIntlPlugin from "next-intl/plugin";

const config: NextConfig = {
  basePath: "/dashboard",
  output: "standalone",
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  poweredByHeader: false,
  reactStrictMode: true,
  // No picture is made smaller here, so nothing of that is served.
  images: { unoptimized: true },
};

export default createNextIntlPlugin("./src/i18n/request.ts")(config);

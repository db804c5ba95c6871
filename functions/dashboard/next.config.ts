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

export default createNextIntlPlugin({
  requestConfig: "./src/i18n/request.ts",
  experimental: {
    // Words are read when they are built, so that no page needs what reads them.
    messages: { locales: "infer", path: "./messages", format: "json", precompile: true },
  },
})(config);

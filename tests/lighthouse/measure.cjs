// Looks at PAGE as often as TIMES with Lighthouse's phone, in the Chromium that listens on PORT, whose
// cookies stay. Prints the categories' scores of each time, of a hundred.

(async () => {
  const { PAGE, PORT, TIMES } = process.env;
  const { default: lighthouse } = await import(require.resolve("lighthouse"));
  const runs = [];
  for (let time = 0; time < Number(TIMES); time += 1) {
    const { lhr } = await lighthouse(PAGE, {
      port: Number(PORT),
      disableStorageReset: true,
      logLevel: "error",
      onlyCategories: ["performance", "accessibility"],
    });
    if (lhr.runtimeError) {
      throw new Error(lhr.runtimeError.message);
    }
    const { performance, accessibility } = lhr.categories;
    const lacking = Object.values(lhr.audits)
      .filter(({ score }) => score !== null && score < 0.9)
      .map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim());
    runs.push({
      performance: Math.round(100 * performance.score),
      accessibility: Math.round(100 * accessibility.score),
      at: lhr.finalDisplayedUrl,
      lacking,
    });
  }
  console.log(JSON.stringify({ runs }));
})();

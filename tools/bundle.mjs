// Bundles with esbuild, which is loaded late: the tools install it first where it is missing.

/**
 * Bundles TypeScript into ES modules.
 * @param {import("esbuild").BuildOptions} options on top of the project's own
 */
export async function bundle(options) {
  const { build } = await import("esbuild");
  return build({
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
    sourcemap: true,
    ...options,
  });
}

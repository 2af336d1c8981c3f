// npm run bench:gpu:pack makes dist/gpu/: all that a bare Linux machine (x86-64) with a GPU needs to run bench/gpu, and
// run.sh, which does. See bench/gpu/README.md.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { softwareFolder } from "./host/adapter.mjs";
import { ensureInstalled } from "./host/install.mjs";
import { cache, HostError, root, runTool } from "./host/tool.mjs";
import { hasPackagedBinaries } from "./host/unpack.mjs";

const source = join(root, "bench", "gpu");
const MOST = 60e6;

await runTool(async () => {
  ensureInstalled();
  if (!hasPackagedBinaries) throw new HostError("pack on Linux on x64: Node's own program is what is packed");
  const out = join(root, "dist", "gpu");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { archive, versions } = packRuntime();
  copyFileSync(archive, join(out, "runtime.tar.xz"));
  for (const file of ["run.sh", "peer.py", "sizes.json"]) copyFileSync(join(source, file), join(out, file));
  const shared = ["device.ts", "sizes.ts", "training.ts", "table.ts"];
  const programs = readdirSync(source).filter((file) => file.endsWith(".ts") && !shared.includes(file));
  const entries = [join(root, "bench", "runner.ts"), ...programs.map((file) => join(source, file))];
  for (const entry of entries) {
    const name = entry.replace(/^.*[/\\]|\.ts$/g, "");
    await bundle({ entry, outfile: join(out, `${name}.mjs`), platform: "node", minify: true });
    rmSync(join(out, `${name}.mjs.map`));
  }
  writeFileSync(join(out, "pack.json"), `${JSON.stringify({ revision: revision(), ...versions })}\n`);
  const bytes = readdirSync(out).reduce((sum, file) => sum + statSync(join(out, file)).size, 0);
  console.log(
    `morlet: dist/gpu has ${(bytes / 1e6).toFixed(1)} MB; on the other machine: sh run.sh results.jsonl`,
  );
  if (bytes > MOST) throw new HostError(`dist/gpu may have ${MOST / 1e6} MB`);
});

/** What is the same for all revisions, packed once: Node, the package webgpu for Linux on x64, a Vulkan loader. */
function packRuntime() {
  const webgpu = join(root, "node_modules", "webgpu");
  const versions = {
    node: process.versions.node,
    webgpu: JSON.parse(readFileSync(join(webgpu, "package.json"), "utf8")).version,
  };
  const folder = join(cache, "gpu-runtime");
  const archive = join(folder, `node-${versions.node}-webgpu-${versions.webgpu}.tar.xz`);
  if (existsSync(archive)) return { archive, versions };
  console.log("morlet: packing Node and the WebGPU binding (a minute, once)");
  const tree = join(folder, "tree");
  rmSync(folder, { recursive: true, force: true });
  const binding = join(tree, "node_modules", "webgpu");
  mkdirSync(join(tree, "loader"), { recursive: true });
  mkdirSync(join(binding, "dist"), { recursive: true });
  copyFileSync(process.execPath, join(tree, "node"));
  copyFileSync(join(softwareFolder(), "libvulkan.so.1"), join(tree, "loader", "libvulkan.so.1"));
  for (const file of ["index.js", "package.json", "LICENSE.md"])
    copyFileSync(join(webgpu, file), join(binding, file));
  cpSync(join(webgpu, "dist", "linux-x64"), join(binding, "dist", "linux-x64"), { recursive: true });
  const partial = `${archive}.partial`;
  const { status } = spawnSync("tar", ["-cJf", partial, "-C", tree, "."], {
    stdio: "inherit",
    env: { ...process.env, XZ_OPT: "-6 -T0" },
  });
  if (status !== 0) throw new HostError("tar and xz are needed to pack");
  renameSync(partial, archive);
  rmSync(tree, { recursive: true });
  return { archive, versions };
}

function revision() {
  const git = (/** @type {string[]} */ ...args) =>
    spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout?.trim() ?? "";
  if (!existsSync(join(root, ".git"))) return "unknown";
  return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "-uno") === "" ? "" : "+");
}

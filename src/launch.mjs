/** Starts bpfdeck on a fresh clone: finds or installs what is missing, Bun included, and goes on. Runs under Node.js and Bun, needs no package. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const MODULES = join(ROOT, 'node_modules');
const SAMPLE = join(ROOT, 'fixtures', 'projects', 'balancer');
const WINDOWS = process.platform === 'win32';
const PACKAGE = readJson(join(ROOT, 'package.json'));
const MIN_BUN = PACKAGE.engines.bun.replace(/^>=/, '');
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ConnectionRefused|FailedToOpenSocket|UnableToConnect|DNSResolve/i;

/** What each word does: the program's arguments and the directory to run them in. */
const TASKS = {
  start: { args: [join(ROOT, 'src', 'main.ts'), 'watch'], cwd: SAMPLE },
  // Patience for a busy machine: what a preloaded file says of it holds for the first test file alone.
  test: { args: ['test', '--parallel', '--timeout', '180000'], cwd: ROOT },
};

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The first package of package.json that node_modules lacks or has in another version, null if all are there. */
function missingPackage() {
  const wanted = { ...PACKAGE.dependencies, ...PACKAGE.devDependencies };
  for (const [name, range] of Object.entries(wanted)) {
    const path = join(MODULES, name, 'package.json');
    const exact = range.replace(/^npm:.*@/, '');
    if (!existsSync(path)) return name;
    if (/^\d/.test(exact) && readJson(path).version !== exact) return name;
  }
  return null;
}

function newEnough(version) {
  const [have, need] = [version, MIN_BUN].map((v) => v.trim().split('.').map(Number.parseFloat));
  for (const i of [0, 1, 2]) if (have[i] !== need[i]) return have[i] > need[i];
  return true;
}

/** Bun's own binaries in node_modules: the platform's package first, since npm may not have run `bun`'s install script. */
function installedBuns() {
  const scope = join(MODULES, '@oven');
  const platforms = existsSync(scope) ? readdirSync(scope) : [];
  return [
    ...platforms.flatMap((name) => ['bun', 'bun.exe'].map((file) => join(scope, name, 'bin', file))),
    join(MODULES, 'bun', 'bin', 'bun.exe'),
  ].filter((path) => existsSync(path));
}

/** A Bun that runs and is new enough, or null. */
function findBun() {
  if (process.versions.bun && newEnough(process.versions.bun)) return process.execPath;
  for (const path of [...installedBuns(), 'bun']) {
    const asked = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (asked.status === 0 && newEnough(asked.stdout)) return path;
  }
  return null;
}

function succeeds(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore', shell: WINDOWS }).status === 0;
}

/** The package manager at hand, as a command with its arguments; null if there is none. */
function installer() {
  if (!process.versions.bun && succeeds('npm')) {
    return ['npm', 'install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  }
  if (process.versions.bun) return [process.execPath, 'install', '--no-save'];
  return succeeds('bun') ? ['bun', 'install', '--no-save'] : null;
}

function fail(sentence) {
  process.stderr.write(`bpfdeck: ${sentence}\n`);
  process.exit(1);
}

/** Installs packages; says so before, and ends the process with one sentence (and the tool's own words) if that fails. */
function install(missing) {
  const command = installer();
  if (!command) fail('neither npm nor bun is on PATH: install Node.js (https://nodejs.org) or Bun (https://bun.sh)');
  const shown = `${process.versions.bun ? 'bun' : command[0]} install`;
  process.stderr.write(`bpfdeck: ${missing} is not installed yet: running ${shown} once …\n`);
  const done = spawnSync(command[0], command.slice(1), { cwd: ROOT, encoding: 'utf8', shell: WINDOWS });
  if (done.status === 0) return;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim();
  const cause = UNREACHABLE.exec(said)?.[0];
  if (cause) {
    fail(
      `the package registry cannot be reached (${cause}): this first start needs the network, connect and run it again`,
    );
  }
  process.stderr.write(`${said}\n`);
  fail(`${shown} failed, see above`);
}

/** Runs Bun in the foreground and ends as it ends; Ctrl-C is the child's to handle. */
function run(bun, task, rest) {
  const child = spawn(bun, [...task.args, ...rest], { cwd: task.cwd, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) {
    process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
  }
  child.on('error', (error) => fail(`${bun} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function main() {
  const [word, ...rest] = process.argv.slice(2);
  const task = TASKS[word];
  if (!task) fail(`${word ? `there is no task ${word}` : 'no task named'}: one of ${Object.keys(TASKS).join(', ')}`);
  const missing = missingPackage();
  if (missing) install(missing);
  const bun = findBun();
  if (!bun) fail(`no Bun ${MIN_BUN} or newer was found or installed for ${process.platform} ${process.arch}`);
  run(bun, task, rest);
}

main();

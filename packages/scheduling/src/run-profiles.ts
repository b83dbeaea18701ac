import { type ProfileHandler, type ProfileResult, WarmpathError } from "@warmpath/contracts";
import type { ProfileRun } from "./profile-run";
import type { RequestContext } from "./request-context";

/**
 * Runs profiles as the handler says until it is done, and returns the primary one's run. Throws `no_endpoint` when that
 * has no target. A profile runs once, whatever the handler asks for.
 */
export function runProfiles(handler: ProfileHandler, runs: readonly ProfileRun[], context: RequestContext): ProfileRun {
  const done = new Map<string, ProfileResult | undefined>();
  for (let names = next(handler, context, done); names.length > 0; names = next(handler, context, done))
    for (const name of names) done.set(name, resultOf(runNamed(runs, name), context));
  const primary = runNamed(runs, handler.primary(context, done));
  if (done.get(primary.profile.name)) return primary;
  throw new WarmpathError("no_endpoint", `No endpoint is fit for this request: profile "${primary.profile.name}".`);
}

function next(handler: ProfileHandler, context: RequestContext, done: Map<string, ProfileResult | undefined>) {
  const names = handler.next(context, done);
  return names.some((name) => done.has(name)) ? names.filter((name) => !done.has(name)) : names;
}

function resultOf(run: ProfileRun, context: RequestContext): ProfileResult | undefined {
  if (!run.run(context)) return undefined;
  return { profile: run.profile.name, targets: run.picked.map((i) => run.candidates[i]!) };
}

function runNamed(runs: readonly ProfileRun[], name: string): ProfileRun {
  const run = runs.find(({ profile }) => profile.name === name);
  if (run) return run;
  throw new WarmpathError("invalid_configuration", `A profile handler asks for the profile "${name}"; there is none.`);
}

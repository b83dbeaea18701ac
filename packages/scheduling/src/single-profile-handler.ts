import { type ProfileHandler, type ProfileResult, type SchedulingContext, WarmpathError } from "@warmpath/contracts";
import type { Profile } from "./types";

/** Type string of the handler that runs exactly one profile. */
export const SINGLE_PROFILE_HANDLER = "single-profile-handler";

/** Runs the one profile there is. Throws `invalid_configuration` when there are several, or none. */
export function singleProfileHandler(profiles: readonly Pick<Profile, "name">[]): ProfileHandler {
  const [profile] = profiles;
  if (!profile || profiles.length > 1)
    throw new WarmpathError(
      "invalid_configuration",
      `${SINGLE_PROFILE_HANDLER} runs exactly one profile; there are ${profiles.length}. Configure another handler.`,
    );
  const first = [profile.name];
  const none: readonly string[] = [];
  return {
    type: SINGLE_PROFILE_HANDLER,
    name: SINGLE_PROFILE_HANDLER,
    next: (_: SchedulingContext, done: ReadonlyMap<string, ProfileResult | undefined>) =>
      done.size === 0 ? first : none,
    primary: () => profile.name,
  };
}

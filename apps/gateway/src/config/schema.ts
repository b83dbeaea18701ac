import { z } from "zod";
import { ROUTING_POLICIES } from "../options";

const address = z.string().regex(/^(tcp|ipc):\/\/.+/, "must be an address such as tcp://host:5557");
const whole = z.number().int();

const endpoint = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  id: z.string().min(1).optional(),
  models: z.array(z.string().min(1)).optional(),
  dataParallelRank: whole.min(0).optional(),
  kvEvents: z
    .strictObject({ publish: address, replay: address.optional(), topic: z.string().default("") })
    .transform(({ publish, replay, topic }) => ({ publish, replay, topic }))
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

/** What a configuration file may hold. Unknown keys are errors: a misspelt option must not be ignored. */
export const CONFIG_SCHEMA = z.strictObject({
  host: z.string().min(1).optional(),
  port: whole.min(0).max(65_535).optional(),
  endpoints: z.array(z.union([z.url({ protocol: /^https?$/ }).transform((url) => ({ url })), endpoint])).optional(),
  endpointsFile: z.string().min(1).optional(),
  simulate: whole.min(0).max(256).optional(),
  tokenizer: z.string().min(1).optional(),
  policy: z.enum(ROUTING_POLICIES).optional(),
  maxBodyBytes: whole.min(1).optional(),
  maxHeadBytes: whole.min(256).optional(),
  indexMaxBytes: whole.min(1 << 20).optional(),
  blockSizeTokens: whole.min(1).optional(),
  scrapeIntervalMs: whole.min(1).optional(),
  connectTimeoutMs: whole.min(1).optional(),
  tokenizeTimeoutMs: whole.min(1).optional(),
  drainTimeoutMs: whole.min(0).optional(),
  engineHeaders: z.record(z.string(), z.string()).optional(),
});

/** A configuration file after it was checked. */
export type FileConfig = z.infer<typeof CONFIG_SCHEMA>;

import { ScalarReader } from "./scalars";
import { scanBody } from "./scan-body";

/**
 * The `model` of a JSON body of any API; undefined when it has none. Throws `invalid_json` when the body is no JSON object,
 * and `invalid_request` when the model is not a string.
 */
export function readModel(body: Uint8Array): string | undefined {
  const { scanner, members } = scanBody(body);
  return new ScalarReader(scanner.bytes, members).text("model");
}

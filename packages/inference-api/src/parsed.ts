import type { InferenceRequest } from "@warmpath/contracts";
import { ParsedRequest } from "./parse-request";
import { scanBody } from "./scan-body";

/** The offsets of a request; one that another parser made is read again. */
export function asParsed(request: InferenceRequest): ParsedRequest {
  if (request instanceof ParsedRequest) return request;
  const { api, body, id } = request;
  return new ParsedRequest({ api, body, id }, scanBody(body));
}

import {
  REQUEST_CONNECTION,
  REQUEST_CONTROL,
  REQUEST_ENCODING,
  REQUEST_EXPECT,
  REQUEST_EXPLAIN,
  REQUEST_HOP,
  REQUEST_HOST,
  REQUEST_LENGTH,
  REQUEST_RANK,
} from "../http/request-fields";
import type { RequestHead } from "../http/request-head";

const DROPPED = [
  REQUEST_HOP,
  REQUEST_CONNECTION,
  REQUEST_HOST,
  REQUEST_ENCODING,
  REQUEST_EXPECT,
  REQUEST_CONTROL,
  REQUEST_EXPLAIN,
].reduce((mask, kind) => mask | (1 << kind), 0);

/**
 * The head of a request as the engine gets it: the client's lines, byte for byte and in order, without those of its own
 * hop and the control headers; `host` is the engine's. A length is added where the client's does not hold.
 */
export function engineRequestHead(
  head: RequestHead,
  authority: string,
  bodyBytes: number,
  dataParallelRank: number | undefined,
): string {
  const keepsLength = head.framing === bodyBytes && head.fields.only(REQUEST_LENGTH) >= 0;
  let drop = DROPPED;
  if (!keepsLength) drop |= 1 << REQUEST_LENGTH;
  if (dataParallelRank !== undefined) drop |= 1 << REQUEST_RANK;
  let text = `${head.method} ${head.target} HTTP/1.1\r\nhost: ${authority}\r\n`;
  text += head.fields.linesWithout(head.bytes, drop);
  if (!keepsLength) text += `content-length: ${bodyBytes}\r\n`;
  if (dataParallelRank !== undefined) text += `x-data-parallel-rank: ${dataParallelRank}\r\n`;
  return `${text}\r\n`;
}

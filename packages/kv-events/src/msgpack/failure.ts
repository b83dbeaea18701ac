/** Why bytes could not be decoded. The first three mean that the bytes are not msgpack at all. */
export type DecodeReason =
  | "truncated"
  | "invalid_byte"
  | "trailing_bytes"
  | "too_deep"
  | "wrong_type"
  | "missing_field"
  | "bad_hash"
  | "number_out_of_range"
  | "unknown_tag";

/**
 * Thrown inside the decoder and never outside it. The instances are made once: a payload of a million bad events
 * must not cost a million stack traces.
 */
export class DecodeFailure extends Error {
  readonly reason: DecodeReason;

  constructor(reason: DecodeReason) {
    super(reason);
    this.name = "DecodeFailure";
    this.reason = reason;
  }
}

export const TRUNCATED = new DecodeFailure("truncated");
export const INVALID_BYTE = new DecodeFailure("invalid_byte");
export const TRAILING_BYTES = new DecodeFailure("trailing_bytes");
export const TOO_DEEP = new DecodeFailure("too_deep");
export const WRONG_TYPE = new DecodeFailure("wrong_type");
export const MISSING_FIELD = new DecodeFailure("missing_field");
export const BAD_HASH = new DecodeFailure("bad_hash");
export const OUT_OF_RANGE = new DecodeFailure("number_out_of_range");
export const UNKNOWN_TAG = new DecodeFailure("unknown_tag");

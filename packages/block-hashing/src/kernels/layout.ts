/** Byte addresses in the kernel's memory. What lies below `HEAP` is fixed; a hasher places the rest. */

/** XXH3's default secret, 192 bytes. */
export const SECRET = 0;
/** XXH3's secret for a seed, 192 bytes. */
export const SEEDED_SECRET = 192;
/** XXH3's eight accumulators. */
export const ACCUMULATORS = 384;
/** The parent of the next block: a digest (up to 255 bytes) or a 64-bit key. */
export const PARENT = 512;
/** Two u64 results or parameters. */
export const SLOT = 768;
/** First byte that a hasher may place data at. */
export const HEAP = 1024;
/** Bytes after a message that a hash may overwrite with padding. */
export const PADDING = 128;

/** A seeded generator of numbers in [0, 1). */
export function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Requests shaped like Mooncake's conversation trace: one block that all share, conversations that grow, 512-token
 * blocks, about 24 blocks a prompt and 343 tokens of output.
 */
export function conversations(count, seed) {
  const random = mulberry32(seed);
  const sessions = [];
  let nextId = 1;
  return Array.from({ length: count }, (_, i) => {
    const again = sessions.length > 0 && random() < 0.4;
    const blockIds = again ? sessions[Math.floor(random() * sessions.length)].slice() : [0];
    const grow = 1 + Math.floor(-Math.log(1 - random()) * (again ? 8 : 18));
    for (let k = 0; k < grow && blockIds.length < 240; k++) blockIds.push(nextId++);
    sessions[again ? Math.floor(random() * sessions.length) : sessions.length] = blockIds;
    return {
      atMs: Math.floor(i / 10) * 3000,
      request: {
        promptTokens: blockIds.length * 512 - Math.floor(random() * 512),
        outputTokens: 1 + Math.floor(random() * 686),
        blockIds,
      },
    };
  });
}

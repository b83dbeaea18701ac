/** Tells the parent the port, and the CPU time used so far whenever it asks, in microseconds. */
export function reportCpu(port) {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() });
  });
  process.on("disconnect", () => process.exit(0));
  process.send({ port });
}

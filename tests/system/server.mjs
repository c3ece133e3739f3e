// Servers of the tests' own.

import { once } from "node:events";

/** Lets an HTTP server listen on a free port: where it is, and how it is stopped. */
export async function listening(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// The loop of a runtime, no more. AWS's own, aws-lambda-ric, compiles C++ when it is installed.
import { Agent, request } from "node:http";

import { handler } from "./handler.mjs";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });

for (;;) {
  const next = await exchange("GET", "next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  const answer = await handler(JSON.parse(next.body));
  await exchange("POST", `${id}/response`, JSON.stringify(answer));
}

function exchange(method, operation, body) {
  const path = `/2018-06-01/runtime/invocation/${operation}`;
  return new Promise((resolve, reject) => {
    const sent = request({ agent, hostname, method, path, port }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ body: Buffer.concat(chunks).toString(), headers: answer.headers }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

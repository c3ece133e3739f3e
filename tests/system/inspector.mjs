// The memory that Workers in workerd hold, as V8's inspector tells it.
// https://chromedevtools.github.io/devtools-protocol/v8/Runtime/

import { once } from "node:events";
import { WebSocket } from "ws";

/** Connects to every isolate behind an inspector: the Worker, and miniflare's own. */
export async function inspect(origin) {
  const targets = await (await fetch(`${origin}/json`)).json();
  const isolates = await Promise.all(targets.map(connect));
  const worker = isolates.find(({ id }) => id === "core:user:edge");
  return {
    /**
     * Has all of them drop what nobody needs. Answers what the Worker holds then, in bytes: its
     * objects and those of the platform, and its memory of WASM.
     */
    async collectGarbage() {
      const held = new Map();
      for (const isolate of isolates) held.set(isolate, await collect(isolate));
      return held.get(worker);
    },
    close() {
      for (const { socket } of isolates) socket.close();
    },
  };
}

async function connect({ id, webSocketDebuggerUrl }) {
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, "open");
  const waiting = new Map();
  let calls = 0;
  let contextId;
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    if (message.method === "Runtime.executionContextCreated") contextId = message.params.context.id;
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const call = async (method, params = {}) => {
    const number = (calls += 1);
    socket.send(JSON.stringify({ id: number, method, params }));
    const { result, error } = await new Promise((resolve) => waiting.set(number, resolve));
    if (error) throw new Error(`${id}, ${method}: ${error.message}`);
    return result;
  };
  // This tells the context. It goes on to tell all that the console does, so that is enough.
  await call("Runtime.enable");
  await call("Runtime.disable");
  return { id, socket, call, contextId };
}

/** V8 collects the garbage of an isolate before it looks for objects, here memories of WASM. */
async function collect({ call, contextId }) {
  const group = { objectGroup: "memories" };
  const expression = "WebAssembly.Memory.prototype";
  const prototype = await call("Runtime.evaluate", { expression, contextId, ...group });
  const { objectId: prototypeObjectId } = prototype.result;
  // One right behind the other, before there is garbage anew.
  const [{ objects }, { usedSize, embedderHeapUsedSize }] = await Promise.all([
    call("Runtime.queryObjects", { prototypeObjectId, ...group }),
    call("Runtime.getHeapUsage"),
  ]);
  const functionDeclaration =
    "function () { return this.reduce((sum, each) => sum + each.buffer.byteLength, 0); }";
  const how = { objectId: objects.objectId, functionDeclaration, returnByValue: true };
  const { result } = await call("Runtime.callFunctionOn", how);
  await call("Runtime.releaseObjectGroup", group);
  return { heap: usedSize + embedderHeapUsedSize, wasm: result.value };
}

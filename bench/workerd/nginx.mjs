// nginx in the place of a Worker: `secure_link` proves its own kind of link, by MD5, and requests
// to the store are signed by njs or not at all.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

import { freePorts } from "../../tests/system/dev.mjs";
import { descendants } from "../../tests/system/procfs.mjs";
import { here } from "./workerd.mjs";

/** A link that `secure_link` takes. */
export function link(path, secret) {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const md5 = createHash("md5").update(`${expires}${path} ${secret}`).digest("base64url");
  return `${path}?expires=${expires}&md5=${md5}`;
}

/** Starts it in `folder`. It keeps copies and writes a line to its log, as the edge does. */
export async function startNginx(root, folder, { store, secret, signs }) {
  const [port] = await freePorts(1);
  mkdirSync(join(folder, "tmp"), { recursive: true });
  copyFileSync(here("store-signature.js"), join(folder, "store-signature.js"));
  const module = join(root, "usr/lib/nginx/modules/ngx_http_js_module.so");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const configuration = `
daemon off;
worker_processes 1;
pid ${folder}/pid;
${signs ? `load_module ${module};\nenv STORE_ID;\nenv STORE_SECRET;\nenv REGION;` : ""}
events { worker_connections 256; }
http {
  access_log ${folder}/log combined;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  ${temporary.map((what) => `${what}_temp_path ${folder}/tmp/${what};`).join("\n  ")}
  proxy_cache_path ${folder}/cache keys_zone=copies:16m max_size=64m;
  ${signs ? `js_path ${folder}/;\n  js_import signature from store-signature.js;` : ""}
  ${signs ? "js_set $authorization signature.authorization;\n  js_set $date signature.date;" : ""}
  upstream store { server 127.0.0.1:${store}; keepalive 16; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location /media/ {
      secure_link $arg_md5,$arg_expires;
      secure_link_md5 "$secure_link_expires$uri ${secret}";
      if ($secure_link != "1") { return 403; }
      proxy_pass http://store${signs ? "/media/" : "/open/media/"};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host 127.0.0.1:${store};
      ${signs ? "proxy_set_header Authorization $authorization;" : ""}
      ${signs ? "proxy_set_header x-amz-date $date;\n      proxy_set_header x-amz-content-sha256 UNSIGNED-PAYLOAD;" : ""}
      proxy_cache copies;
      proxy_cache_key $uri;
      proxy_cache_valid 200 1h;
    }
  }
}
`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const errors = join(folder, "errors");
  const program = join(root, "usr/sbin/nginx");
  const child = spawn(program, ["-p", folder, "-e", errors, "-c", join(folder, "nginx.conf")], {
    env: { ...process.env, STORE_ID: secret, STORE_SECRET: secret, REGION: "us-east-1" },
    stdio: ["ignore", openSync(errors, "a"), openSync(errors, "a")],
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await listens(port)) return { port, pids: () => [child, ...descendants(child.pid)].map(({ pid }) => pid), stop };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`nginx did not start:\n${existsSync(errors) ? readFileSync(errors, "utf8") : ""}`);
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

// For njs, nginx's JavaScript: the headers that sign a GET to the store, by SigV4. The key of a day
// is derived once in the life of a virtual machine, which njs makes for each request anew; so it
// is derived each time.

const crypto = require("crypto");

const hmac = (key, text, encoding) => crypto.createHmac("sha256", key).update(text).digest(encoding);

function date() {
  return new Date().toISOString().replace(/[:-]|\.\d{3}/g, "");
}

function authorization(r) {
  const now = r.variables.date;
  const env = process.env;
  const scope = `${now.slice(0, 8)}/${env.REGION}/s3/aws4_request`;
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const headers = `host:${r.variables.proxy_host_sent}\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:${now}\n`;
  const canonical = `GET\n${r.variables.uri}\n\n${headers}\n${signed}\nUNSIGNED-PAYLOAD`;
  const hash = crypto.createHash("sha256").update(canonical).digest("hex");
  const key = scope.split("/").reduce((key, part) => hmac(key, part), `AWS4${env.STORE_SECRET}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${now}\n${scope}\n${hash}`, "hex");
  return `AWS4-HMAC-SHA256 Credential=${env.STORE_ID}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

export default { authorization, date };

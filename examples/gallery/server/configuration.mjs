// The environment the app server is started with.

const REQUIRED = [
  "EDGE_URL", "UPLOADS_URL", "STORE_URL", "REGION", "BUCKET",
  "EDGE_ACCESS_KEY_ID", "EDGE_SECRET_ACCESS_KEY", "STORE_ACCESS_KEY_ID", "STORE_SECRET_ACCESS_KEY",
  "USERS_JWT_SECRET", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_KID",
];

export function configuration(environment) {
  const missing = REQUIRED.filter((name) => !environment[name]);
  if (missing.length > 0) {
    console.error(`gallery: these environment variables must be set: ${missing.join(", ")}`);
    process.exit(2);
  }
  return {
    port: Number(environment.PORT ?? 8000),
    edge: origin(environment.EDGE_URL),
    uploads: origin(environment.UPLOADS_URL),
    store: origin(environment.STORE_URL),
    region: environment.REGION,
    bucket: environment.BUCKET,
    edgeKey: {
      accessKeyId: environment.EDGE_ACCESS_KEY_ID,
      secretAccessKey: environment.EDGE_SECRET_ACCESS_KEY,
    },
    storeKey: {
      accessKeyId: environment.STORE_ACCESS_KEY_ID,
      secretAccessKey: environment.STORE_SECRET_ACCESS_KEY,
    },
    jwt: {
      secret: environment.USERS_JWT_SECRET,
      issuer: environment.JWT_ISSUER,
      audience: environment.JWT_AUDIENCE,
      keyId: environment.JWT_KID,
    },
  };
}

function origin(url) {
  return url.replace(/\/+$/, "");
}

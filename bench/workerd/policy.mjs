// What the edge is given: a store, an app that signs links, and one private route.

export const app = { access_key_id: "APPKEY", secret_access_key: "what the app signs its links with" };
export const region = "us-east-1";

export const secrets = {
  APP_SECRET: app.secret_access_key,
  STORE_ID: "STOREKEY",
  STORE_SECRET: "what requests to the store are signed with",
};

/** Variables and secrets of a Worker with a store at `endpoint`; `more` is said of the route. */
export const bindings = (endpoint, more) => ({ ...secrets, POLICY: JSON.stringify(policy(endpoint, more)) });

function policy(endpoint, more) {
  return {
    version: 1,
    stores: {
      main: {
        kind: "s3",
        endpoint,
        region,
        addressing: "path",
        credentials: { access_key_id: "STORE_ID", secret_access_key: "STORE_SECRET" },
      },
    },
    keys: { [app.access_key_id]: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" } },
    routes: {
      media: {
        path: "/media/",
        store: "main",
        bucket: "media",
        access: [{ keys: "users/{owner}/*", acl: "private" }],
        ...more,
      },
    },
  };
}

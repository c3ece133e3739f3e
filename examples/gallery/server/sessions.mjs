// Who is signed in: a JSON Web Token (RFC 7519, HS256) for an hour, kept in a cookie.
// The same token tells the upload function, and the edge, who the user is.

import { createHmac, timingSafeEqual } from "node:crypto";

export const USERS = { alice: "Alice", bob: "Bob" };

const COOKIE = "gallery_session";
const LIFETIME_SECONDS = 3600;

export function sessions({ jwt }) {
  const { secret, issuer, audience, keyId } = jwt;
  const sign = (text) => createHmac("sha256", secret).update(text).digest();

  function signIn(user) {
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: "HS256", typ: "JWT", kid: keyId };
    const claims = { sub: user, iss: issuer, aud: audience, iat: now, exp: now + LIFETIME_SECONDS };
    const text = `${base64url(header)}.${base64url(claims)}`;
    return session(`${text}.${sign(text).toString("base64url")}`, claims);
  }

  /** The session of the request's cookie, or null. */
  function signedIn(request) {
    const token = cookieValue(request.headers.cookie ?? "");
    const [header, body, signature, ...more] = token?.split(".") ?? [];
    if (signature === undefined || more.length > 0) return null;
    const given = Buffer.from(signature, "base64url");
    const expected = sign(`${header}.${body}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    // Only this server has the secret, so the claims are its own.
    const claims = JSON.parse(Buffer.from(body, "base64url"));
    return claims.exp * 1000 > Date.now() && Object.hasOwn(USERS, claims.sub) ? session(token, claims) : null;
  }

  // Cookies do not tell ports apart: without this path the browser would send the session to
  // the edge and the store as well, which share the host in development.
  const attributes = "Path=/api; HttpOnly; SameSite=Strict";

  return {
    signIn,
    signedIn,
    cookie: ({ token }) => `${COOKIE}=${token}; Max-Age=${LIFETIME_SECONDS}; ${attributes}`,
    clearedCookie: () => `${COOKIE}=; Max-Age=0; ${attributes}`,
  };
}

function session(token, { sub, exp }) {
  return { user: sub, token, expiresAt: new Date(exp * 1000) };
}

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function cookieValue(header) {
  const pair = header.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  return pair?.slice(COOKIE.length + 1);
}

// Requests to the server that the page came from. The key, if it wants one, is kept for this tab.
import { events } from "./sse.js";

const KEY = "overlay.key";
const UNREACHABLE = "The server cannot be reached. Is it still running?";

/** An error in the server's own words. `status` is 0 where there was no reply. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = null, param = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, param, retryAfter });
  }

  /** Whether the server knows no such path: another version, or a part that is not installed. */
  get missing() {
    return this.code === "unknown_url" || this.code === "method_not_allowed";
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
};

function headers(more = {}) {
  return key.get() ? { ...more, Authorization: `Bearer ${key.get()}` } : more;
}

const at = (path) => new URL(path, document.baseURI);

function errorOf(status, text, retryAfter) {
  let told = {};
  try {
    const body = JSON.parse(text);
    // While the model loads, /health says so without an error.
    told = body.error ?? { code: body.status };
  } catch {
    // Not the server's own reply: a proxy between.
  }
  const message = told.message ?? `The server answered ${status}.`;
  return new ApiError(message, {
    status, code: told.code ?? null, param: told.param ?? null, retryAfter,
  });
}

async function send(path, { method = "GET", json, body, signal } = {}) {
  const more = json === undefined ? {} : { "Content-Type": "application/json" };
  const content = json === undefined ? body : JSON.stringify(json);
  let reply;
  try {
    reply = await fetch(at(path), { method, headers: headers(more), body: content, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(UNREACHABLE);
  }
  if (!reply.ok) {
    throw errorOf(reply.status, await reply.text(), reply.headers.get("Retry-After"));
  }
  return reply;
}

/** Ask for JSON. */
export async function ask(path, options) {
  return (await send(path, options)).json();
}

/** Ask for a stream; yields each event as an object, up to `[DONE]`. */
export async function* stream(path, json, signal) {
  const reply = await send(path, { method: "POST", json, signal });
  try {
    for await (const data of events(reply.body)) {
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The connection broke off in the middle of the answer.");
  }
}

/** Send a form; fetch does not tell how far it is. `progress` is told a share, 0 to 1. */
export function upload(path, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", at(path));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ApiError(UNREACHABLE));
    request.onload = () => {
      const { status, responseText } = request;
      if (status < 300) resolve(JSON.parse(responseText));
      else reject(errorOf(status, responseText, request.getResponseHeader("Retry-After")));
    };
    request.send(form);
  });
}

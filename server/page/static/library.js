// Collections and their documents, by the server's files and vector stores.
import { ask, upload } from "./api.js";

const MOST_PAGES = 50; // of 100 each
const POLL = [250, 500, 1000, 2000]; // milliseconds; the last again and again

async function list(path) {
  const all = [];
  let after = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const found = await ask(`${path}?limit=100${after}`);
    all.push(...found.data);
    const last = found.data.at(-1);
    if (!found.has_more || !last) break;
    after = `&after=${encodeURIComponent(last.id)}`;
  }
  return all;
}

/** [{id, name, collection, own}]: `collection` is how questions name it, `own` is the server's. */
export async function collections() {
  return (await list("v1/vector_stores")).map(known);
}

function known({ id, name, overlay }) {
  const collection = overlay?.collection ?? id.replace(/^vs_/, "");
  return { id, name: name || collection, collection, own: Boolean(overlay?.default) };
}

/** Make a collection; returns it. */
export async function create(name) {
  return known(await ask("v1/vector_stores", { method: "POST", json: { name } }));
}

const filesOf = (collection) => `v1/vector_stores/${encodeURIComponent(collection)}/files`;

/** [{id, name, status, error}], by name */
export async function documents(collection) {
  return (await list(filesOf(collection)))
    .map(({ id, status, last_error: error, filename }) => ({
      id, status, error: error?.message ?? null, name: filename ?? id,
    }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/**
 * Send a file and wait until it is read.
 * @param told is called with {phase: "sending" | "reading", share: 0 to 1 or null}
 * @returns why it could not be read, or null
 */
export async function add(collection, file, told) {
  const form = new FormData();
  form.append("purpose", "assistants");
  form.append("file", file);
  told({ phase: "sending", share: 0 });
  const { id } = await upload("v1/files", form, (share) => told({ phase: "sending", share }));
  told({ phase: "reading", share: null });
  let state = await ask(filesOf(collection), { method: "POST", json: { file_id: id } });
  for (let turn = 0; state.status === "in_progress"; turn += 1) {
    await new Promise((next) => setTimeout(next, POLL[Math.min(turn, POLL.length - 1)]));
    state = await ask(`${filesOf(collection)}/${id}`);
  }
  if (state.status === "completed") return null;
  return state.last_error?.message ?? `It is ${state.status}.`;
}

/**
 * Take a document out of a collection; what was uploaded for this one only is deleted.
 * @returns what the server says of it, or null
 */
export async function remove(collection, id, others) {
  const { note = null } = await ask(`${filesOf(collection)}/${id}`, { method: "DELETE" });
  if (!id.startsWith("file-")) return note;
  const held = await Promise.all(others.map((other) =>
    ask(`${filesOf(other)}/${id}`).then(() => true, (error) => error.status !== 404)));
  if (!held.some(Boolean)) await ask(`v1/files/${id}`, { method: "DELETE" });
  return note;
}

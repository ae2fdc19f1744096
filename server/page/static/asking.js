// What a reader can ask of the server about a turn. Each changes the store while it runs.
import { ask, stream } from "./api.js";
import { begun, ended, failed, grown, isRunning, requestBody } from "./reply.js";
import { change, changeTurn, current } from "./store.js";

const MOST_PROBED = 24; // passages; the server takes no more

const running = new Map(); // AbortControllers, by turn and slot

const turnOf = (id) => current().turns.find((turn) => turn.id === id);

/** Put a question; returns its turn's id. */
export function askQuestion(question) {
  const id = crypto.randomUUID?.() ?? String(Math.random());
  const turn = { id, question, answer: null, plain: null, before: null };
  change({ turns: [...current().turns, turn] });
  return answer(id, "answer", { mode: "overlay", budget: null });
}

/** The same again, under another budget {step, answer}: the answer so far is kept to compare. */
export function askWithin(id, budget) {
  const { answer: before } = turnOf(id);
  changeTurn(id, { before: before.report ? before : null });
  return answer(id, "answer", { mode: "overlay", budget });
}

/** The same, as plain RAG answers it. */
export const askPlain = (id) => answer(id, "plain", { mode: "plain", budget: null });

/** The same again, after an error or a stop. */
export const askAgain = (id, slot) => answer(id, slot, turnOf(id)[slot].asked);

export function stopAll() {
  for (const controller of running.values()) controller.abort();
}

export function forgetAll() {
  stopAll();
  change({ turns: [] });
}

export const anyRunning = (turns) =>
  turns.some((turn) => isRunning(turn.answer) || isRunning(turn.plain));

let probing = new AbortController(); // an answer goes first

/** Answer a turn into `slot`, "answer" or "plain". */
async function answer(id, slot, asked) {
  const { turns, collection } = current();
  const place = turns.findIndex((turn) => turn.id === id);
  const wish = { ...asked, collection };
  const controller = new AbortController();
  probing.abort();
  running.get(`${id} ${slot}`)?.abort();
  running.set(`${id} ${slot}`, controller);
  let value = begun(wish);
  const put = (next) => {
    value = next;
    if (turnOf(id)) changeTurn(id, { [slot]: value });
  };
  put(value);
  try {
    const body = requestBody(turns.slice(0, place), turns[place].question, wish);
    for await (const event of stream("v1/chat/completions", body, controller.signal)) {
      put(grown(value, event));
    }
    if (value.status !== "failed") put(ended(value));
  } catch (error) {
    if (error.name === "AbortError") put({ ...value, status: "stopped" });
    else put(failed(value, error));
  } finally {
    if (running.get(`${id} ${slot}`) === controller) running.delete(`${id} ${slot}`);
  }
  if (slot === "answer" && value.status === "done") await probe(id, slot);
}

/** Passages that the answer rests on, each with its number among the steps. */
export function restsOn(report) {
  if (report.outcome !== "answered") return [];
  return report.steps
    .map((step, place) => ({ step, number: place + 1 }))
    .filter(({ step }) => step.accepted);
}

/** Ask which passages make each sentence of an answer likelier. */
export async function probe(id, slot) {
  const { question, [slot]: probed } = turnOf(id) ?? {};
  const rests = probed?.report ? restsOn(probed.report) : [];
  const passages = rests.slice(0, MOST_PROBED).map(({ step }) => passage(step));
  if (!passages.length || !probed.text.trim()) return;
  const put = (value) => {
    const now = turnOf(id)?.[slot];
    // Another answer may stand there by now.
    if (now?.id === probed.id) changeTurn(id, { [slot]: { ...now, probe: value } });
  };
  put({ status: "running" });
  probing = new AbortController();
  const { signal } = probing;
  try {
    const json = { question, passages, answer: probed.text, tokens: false };
    const told = await ask("v1/probe", { method: "POST", json, signal });
    put({ status: "done", sentences: told.sentences, ids: passages.map((one) => one.id) });
  } catch (error) {
    const given = { status: "failed", message: error.message, missing: Boolean(error.missing) };
    put(signal.aborted ? null : given);
  }
}

/** Ask what each token of one passage did to an answer: [{text, influence}], or an error. */
export async function probeTokens(question, text, step) {
  const json = { question, passages: [passage(step)], answer: text, tokens: true };
  const told = await ask("v1/probe", { method: "POST", json });
  const { tokens } = told.passages[0];
  if (tokens) return tokens;
  const why = Object.values(told.unavailable ?? {}).join("; ");
  throw new Error(why || "This model cannot tell what single tokens do.");
}

const passage = ({ chunk }) => ({
  id: chunk.id, text: chunk.text, source: chunk.source, title: chunk.title,
});

/** Keep a reader's judgement with the answer's report. */
export async function rate(id, slot, rating, comment) {
  const { [slot]: rated } = turnOf(id);
  const put = (value) => changeTurn(id, { [slot]: { ...turnOf(id)[slot], rating: value } });
  const json = { id: rated.id, rating, ...(comment ? { comment } : {}) };
  put({ rating, status: "sending", commented: Boolean(comment) });
  try {
    await ask("v1/feedback", { method: "POST", json });
    put({ rating, status: "kept", commented: Boolean(comment) });
  } catch (error) {
    put({ rating: null, status: "failed", message: error.message });
  }
}

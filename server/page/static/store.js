// The page's state: one value that is replaced, never changed, and kept for this tab.
import { found } from "./reply.js";

const SAVED = "overlay.chat";
const OFTEN = 400; // milliseconds between two savings while an answer grows

const empty = { turns: [], collection: null };

function load() {
  try {
    const saved = JSON.parse(sessionStorage.getItem(SAVED)) ?? empty;
    const turns = saved.turns.map((turn) => ({
      ...turn, answer: found(turn.answer), plain: found(turn.plain), before: found(turn.before),
    }));
    return { ...empty, ...saved, turns };
  } catch {
    return empty; // nothing, or of another version
  }
}

let state = load();
let saving = null;
const listeners = new Set();

export const current = () => state;

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Replace some of the state's fields. */
export function change(fields) {
  state = { ...state, ...fields };
  saving ??= setTimeout(save, OFTEN);
  for (const listener of listeners) listener(state);
}

/** Replace some fields of one turn. */
export function changeTurn(id, fields) {
  const turns = state.turns.map((turn) => (turn.id === id ? { ...turn, ...fields } : turn));
  change({ turns });
}

function save() {
  clearTimeout(saving);
  saving = null;
  let { turns } = state;
  // A tab may keep some five megabytes: the oldest turns go first.
  for (;;) {
    try {
      sessionStorage.setItem(SAVED, JSON.stringify({ ...state, turns }));
      return;
    } catch {
      if (!turns.length) return;
      turns = turns.slice(1);
    }
  }
}

addEventListener("pagehide", save);

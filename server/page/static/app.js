// The whole page: header, documents, chat.
import { key } from "./api.js";
import { anyRunning, askQuestion, forgetAll, stopAll } from "./asking.js";
import { Composer } from "./composer.js";
import { Documents } from "./documents.js";
import { useHealth } from "./health.js";
import { current, subscribe } from "./store.js";
import { Turn } from "./turn.js";
import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";
import { spokenSummary } from "./words.js";

const wide = matchMedia("(min-width: 1100px)");

export function App() {
  const [state, setState] = useState(current());
  const [open, setOpen] = useState(wide.matches);
  const [health, askHealth] = useHealth();
  const [documents, setDocuments] = useState(null);
  useEffect(() => subscribe(setState), []);
  const busy = anyRunning(state.turns);
  const refused = health.status === "refused" || state.turns.some(isRefused);
  const ready = health.status === "ok";
  return html`
    <a class="skip" href="#question">Go to the question</a>
    <header class="bar">
      <h1>Overlay</h1>
      <p class="model">${ready ? health.model : ""}</p>
      ${state.turns.length > 0 &&
      html`<button type="button" class="quiet" onClick=${forgetAll}>New chat</button>`}
      <button type="button" class="quiet" aria-expanded=${String(open)} aria-controls="documents"
        onClick=${() => setOpen(!open)}>Documents</button>
    </header>
    <div class=${open ? "body with-documents" : "body"}>
      <aside id="documents" aria-label="Documents" hidden=${!open}>
        <${Documents} ready=${ready} counted=${setDocuments} />
      </aside>
      <main>
        <${Notice} health=${health} again=${askHealth} />
        ${refused && html`<${KeyForm} again=${askHealth} message=${health.message} />`}
        ${state.turns.length
          ? state.turns.map((turn, place) => html`<${Turn} key=${turn.id} turn=${turn} busy=${busy}
              newest=${place > 0 && place === state.turns.length - 1} />`)
          : html`<${Welcome} documents=${documents} show=${() => setOpen(true)} />`}
        <${Composer} busy=${busy} ask=${askQuestion} stop=${stopAll} ready=${ready} />
        <${Spoken} turns=${state.turns} />
      </main>
    </div>`;
}

const isRefused = (turn) =>
  [turn.answer, turn.plain].some((answer) => answer?.error?.status === 401);

function Welcome({ documents, show }) {
  return html`
    <section class="welcome" aria-labelledby="welcome">
      <h2 id="welcome">Ask your documents</h2>
      <ol>
        <li><b>Add documents.</b> ${documents
          ? html`There ${documents === 1 ? "is 1" : `are ${documents}`} already.${" "}
              <button type="button" class="link" onClick=${show}>Show them</button>`
          : html`Drop files anywhere on this page, or${" "}
              <button type="button" class="link" onClick=${show}>choose them</button>.`}</li>
        <li><b>Ask a question.</b> It is answered here, by a model on this server.</li>
        <li><b>Look at what the answer rests on.</b> Beside it stands which passages were let in,
          which were kept out and why, and how often such an answer is wrong.</li>
      </ol>
    </section>`;
}

function Notice({ health, again }) {
  if (health.status === "loading") {
    return html`<p class="notice" role="status">The model is loading. This page waits for it.</p>`;
  }
  if (health.status !== "failed") return null;
  return html`<div class="notice bad" role="alert">
    <p>${health.message}</p>
    <button type="button" onClick=${again}>Try again</button>
  </div>`;
}

function KeyForm({ again, message }) {
  const [value, setValue] = useState("");
  const save = (event) => {
    event.preventDefault();
    key.set(value.trim());
    again();
  };
  return html`<form class="notice" onSubmit=${save}>
    <label for="key">This server wants an API key</label>
    <div class="row">
      <input id="key" type="password" autocomplete="off" required value=${value}
        onInput=${(event) => setValue(event.target.value)} />
      <button>Use it</button>
    </div>
    ${message && html`<p class="bad" role="alert">${message}</p>`}
    <p class="hint">It stays in this tab, until the tab is closed. Then ask again.</p>
  </form>`;
}

/** Tells a screen reader that an answer is being made, and what came of it; not every word. */
function Spoken({ turns }) {
  const last = turns.at(-1);
  const [said, setSaid] = useState("");
  const begun = useRef(null);
  useEffect(() => {
    if (!last?.answer) return;
    const running = ["waiting", "streaming"].includes(last.answer.status);
    if (running) begun.current = last.id;
    // An answer of before the page was loaded is no news.
    if (begun.current === last.id) setSaid(running ? "Answering." : spokenSummary(last.answer));
  }, [last?.id, last?.answer?.status]);
  return html`<p class="visually-hidden" role="status">${said}</p>`;
}

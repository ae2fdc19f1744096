// Where a question is written.
import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";

export function Composer({ busy, ask, stop, ready }) {
  const [text, setText] = useState("");
  const field = useRef(null);
  useEffect(() => {
    // As high as what is written, up to what the style allows.
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight + 2}px`;
  }, [text]);
  const send = (event) => {
    event.preventDefault();
    if (!text.trim() || busy || !ready) return;
    ask(text.trim());
    setText("");
  };
  const press = (event) => {
    const plain = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (plain) send(event);
  };
  return html`<form class="composer" onSubmit=${send}>
    <label for="question">Your question</label>
    <div class="row">
      <textarea id="question" ref=${field} rows="1" value=${text} aria-describedby="composer-hint"
        placeholder="Ask your documents"
        onInput=${(event) => setText(event.target.value)} onKeyDown=${press}></textarea>
      ${busy
        ? html`<button type="button" class="stop" onClick=${stop}>Stop</button>`
        : html`<button class="send" disabled=${!ready}>Ask</button>`}
    </div>
    <p class="hint" id="composer-hint">Enter asks, Shift and Enter begins a new line.</p>
  </form>`;
}

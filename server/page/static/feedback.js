// A reader's judgement, kept by the server with the answer's report.
import { rate } from "./asking.js";
import { html, useState } from "./vendor/preact-htm.js";

export function Feedback({ turn, slot, answer }) {
  const [comment, setComment] = useState("");
  const { id, rating } = answer;
  if (!id) return null;
  const given = rating?.rating;
  const button = (value, label, sign) => html`<button type="button" class="thumb"
    aria-pressed=${String(given === value)} aria-label=${label} title=${label}
    onClick=${() => rate(turn, slot, value)}><span aria-hidden="true">${sign}</span></button>`;
  const send = (event) => {
    event.preventDefault();
    rate(turn, slot, given, comment.trim());
  };
  return html`<div class="feedback">
    ${button("up", "Good answer", "👍")} ${button("down", "Bad answer", "👎")}
    ${rating?.status === "kept" && html`<span class="hint" role="status">
      Kept with the answer's report.</span>`}
    ${rating?.status === "failed" && html`<span class="hint bad" role="alert">
      Not kept: ${rating.message}</span>`}
    ${given && !rating.commented && html`<form class="row" onSubmit=${send}>
      <input aria-label="Comment on this answer" placeholder="Why? (optional)" value=${comment}
        onInput=${(event) => setComment(event.target.value)} />
      <button disabled=${!comment.trim()}>Add</button></form>`}
  </div>`;
}

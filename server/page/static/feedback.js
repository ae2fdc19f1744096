// A reader's judgement, kept by the server with the answer's report.
import { rate } from "./asking.js";
import { html, useState } from "./vendor/preact-htm.js";

const THUMB = "M2 9h3v9H2zM7 18h8.4a2 2 0 0 0 2-1.6l1.2-5.6A1.5 1.5 0 0 0 17.1 9H12l.9-4.3a1.5 1.5 0 0 0-2.8-1L7 9z";

export function Feedback({ turn, slot, answer }) {
  const [comment, setComment] = useState("");
  const { id, rating } = answer;
  if (!id) return null;
  const given = rating?.rating;
  const button = (value, label) => html`<button type="button" class="thumb"
    aria-pressed=${String(given === value)} aria-label=${label} title=${label}
    onClick=${() => rate(turn, slot, value)}>
    <svg class=${value} viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <path d=${THUMB} /></svg></button>`;
  const send = (event) => {
    event.preventDefault();
    rate(turn, slot, given, comment.trim());
  };
  return html`<div class="feedback">
    ${button("up", "Good answer")} ${button("down", "Bad answer")}
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

// One question with its answer; beside it, where asked for, the answer without the overlay.
import { askAgain, askPlain, askWithin } from "./asking.js";
import { Answer } from "./answer.js";
import { changes } from "./changes.js";
import { changeTurn } from "./store.js";
import { Component, html, useEffect, useRef } from "./vendor/preact-htm.js";

/** Drawn anew only when something of it changed. */
export class Turn extends Component {
  shouldComponentUpdate(next) {
    return next.turn !== this.props.turn || next.busy !== this.props.busy
      || next.newest !== this.props.newest;
  }

  render({ turn, busy, newest }) {
    return html`<${Body} turn=${turn} busy=${busy} newest=${newest} />`;
  }
}

function Body({ turn, busy, newest }) {
  const { id, question, answer, plain, before } = turn;
  const place = useRef(null);
  useEffect(() => {
    // A new question comes to the top; one of before a reload stays where the reader was.
    if (newest && answer?.status === "waiting") place.current.scrollIntoView({ block: "start" });
  }, []);
  const compared = plain !== null;
  const within = (budget) => askWithin(id, budget);
  return html`<article class=${newest ? "turn newest" : "turn"} ref=${place}
      aria-label=${`Question: ${question}`}>
    <h2>${question}</h2>
    ${before && answer?.status === "done" && html`<${Changed} before=${before} after=${answer} />`}
    <div class=${compared ? "answers compared" : "answers"}>
      <${Answer} turn=${id} slot="answer" question=${question} answer=${answer} busy=${busy}
        title=${compared ? "Overlay on" : null} again=${() => askAgain(id, "answer")}
        within=${within} />
      ${compared && html`<${Answer} turn=${id} slot="plain" question=${question} answer=${plain}
        busy=${busy} title="Overlay off: plain RAG" again=${() => askAgain(id, "plain")} />`}
    </div>
    ${answer?.status === "done" && html`<p class="acts">
      ${compared
        ? html`<button type="button" class="quiet" onClick=${() => changeTurn(id, { plain: null })}>
            Hide the answer without overlay</button>`
        : html`<button type="button" class="quiet" disabled=${busy} onClick=${() => askPlain(id)}>
            Compare with the overlay off</button>`}
    </p>`}
  </article>`;
}

function Changed({ before, after }) {
  const budget = ({ report }) => report.budget.step.toFixed(2);
  return html`<section class="changed" aria-label="What changed">
    <h3>A step may spend ${budget(after)} now, not ${budget(before)}: what changed</h3>
    <ul>${changes(before, after).map((line) => html`<li>${line}</li>`)}</ul>
  </section>`;
}

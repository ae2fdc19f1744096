// One answer: what it says, how sure it is, what it rests on, and how it came about.
import { probe, restsOn } from "./asking.js";
import { Budget } from "./budget.js";
import { Conflicts } from "./conflicts.js";
import { Feedback } from "./feedback.js";
import { Index } from "./index-of.js";
import { Passage } from "./passage.js";
import { isRunning } from "./reply.js";
import { bySentence } from "./texts.js";
import { Trajectory } from "./trajectory.js";
import { Variants } from "./variants.js";
import { html, useState } from "./vendor/preact-htm.js";
import { OUTCOMES, signed } from "./words.js";

export function Answer({ turn, slot, question, answer, title, again, within, busy }) {
  const [limit, setLimit] = useState(null);
  if (!answer) return null;
  const { report, steps } = answer;
  const judged = steps.some((step) => step.volatility !== null);
  const name = `${turn} ${slot}`.replace(/\W/g, "-");
  const more = { name, question, answer };
  return html`<section class="answer" aria-label=${title ?? "Answer"}>
    <div class="said">
      ${title && html`<h3 class="which">${title}</h3>`}
      ${answer.thoughts && html`<details class="thoughts"><summary>Thoughts</summary>
        <p>${answer.thoughts}</p></details>`}
      <${Text} turn=${turn} slot=${slot} ...${more} />
      <${State} answer=${answer} again=${again} busy=${busy} />
      ${report && html`<${Index} report=${report} />`}
      ${report && html`<${Rests} ...${more} />`}
      ${report && html`<${Conflicts} report=${report} />`}
      ${report && html`<${Feedback} turn=${turn} slot=${slot} answer=${answer} />`}
    </div>
    ${judged && html`<div class="evidence">
      <${Trajectory} ...${more} limit=${limit} />
      ${report && within && html`<${Budget} report=${report} limit=${limit} setLimit=${setLimit}
        within=${within} busy=${busy} />`}
      ${report && html`<${Variants} report=${report} />`}
    </div>`}
  </section>`;
}

/** The answer's text; once probed, each sentence with the passages that make it likelier. */
function Text({ turn, slot, name, answer }) {
  const { text, probe: probed, report, status } = answer;
  if (status === "waiting" || (status === "streaming" && !text)) {
    const count = answer.steps.length;
    const so = count ? `${count} passage${count === 1 ? "" : "s"} judged so far` : "searching";
    return html`<p class="text waiting">Reading the passages: ${so}…</p>`;
  }
  if (probed?.status !== "done") {
    return html`
      <p class="text">${text}</p>
      ${report && restsOn(report).length > 0 && html`<${Probing} turn=${turn} slot=${slot} probed=${probed} />`}`;
  }
  const numbers = new Map(restsOn(report).map(({ step, number }) => [step.chunk.id, number]));
  return html`
    <p class="text">${bySentence(text, probed.sentences).map(({ text: part, sentence }) =>
      sentence
        ? html`<span class="sentence">${part}<${Support} name=${name} sentence=${sentence}
            numbers=${probed.ids.map((id) => numbers.get(id))} /></span>`
        : part)}</p>
    <p class="hint">The numbers behind a sentence: by how many nats a token a passage alone makes it
      likelier.</p>`;
}

function Probing({ turn, slot, probed }) {
  if (probed?.status === "running") {
    return html`<p class="hint">Looking which passage makes which sentence likelier…</p>`;
  }
  if (probed?.missing) return null;
  return html`<p class="hint">
    ${probed?.status === "failed" && `${probed.message} `}
    <button type="button" class="link" onClick=${() => probe(turn, slot)}>
      Show which passage makes which sentence likelier</button></p>`;
}

const LEAST = 0.05; // nats a token; less is no support that a reader could see

function Support({ name, sentence, numbers }) {
  const given = sentence.support
    .map((nats, place) => ({ nats, number: numbers[place] }))
    .filter(({ nats }) => nats >= LEAST)
    .sort((one, other) => other.nats - one.nats);
  if (!given.length) return html` <span class="unsupported">no passage supports this</span>`;
  return given.map(({ nats, number }) => html` <a class="support" href=${`#${name}-${number}`}
    onClick=${(event) => show(event, `${name}-${number}`)}>
    <span class="visually-hidden">passage </span><b>${number}</b> ${signed(nats)}
    <span class="visually-hidden"> nats a token</span></a>`);
}

/** Open a passage and go there; the address stays as it is. */
function show(event, id) {
  event.preventDefault();
  const place = document.getElementById(id);
  place.open = true;
  place.scrollIntoView({ block: "nearest" });
  place.querySelector("summary").focus();
}

function State({ answer, again, busy }) {
  const retry = html`<button type="button" disabled=${busy} onClick=${again}>Ask again</button>`;
  if (isRunning(answer) || answer.status === "done") return null;
  if (answer.status === "stopped") return html`<p class="state">Stopped. ${retry}</p>`;
  if (answer.status === "interrupted") {
    return html`<p class="state">Interrupted: this answer is not complete. ${retry}</p>`;
  }
  const { message, retryAfter } = answer.error;
  return html`<div class="state bad" role="alert">
    <p>${message}</p>
    ${retryAfter && html`<p>The server asks to wait ${retryAfter} s.</p>`}
    ${retry}
  </div>`;
}

function Rests({ name, question, answer }) {
  const { report } = answer;
  const passages = restsOn(report);
  const judged = report.mode === "overlay" ? "It rests on" : "Let in without being judged";
  const title = passages.length ? judged : OUTCOMES[report.outcome] ?? report.outcome;
  return html`<section class="rests">
    <h3>${title}</h3>
    ${report.note && html`<p class="note">${sentence(report.note)}</p>`}
    ${passages.map(({ step, number }, place) => html`<${Passage} key=${number} step=${step}
      number=${number} id=${`${name}-${number}`} open=${place === 0 && step.volatility !== null}
      question=${question} answer=${answer} />`)}
  </section>`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

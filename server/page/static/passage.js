// One passage: where it is from, what was decided, its text, and on demand its token heat map.
import { probeTokens } from "./asking.js";
import { marked, reflowed } from "./texts.js";
import { html, useState } from "./vendor/preact-htm.js";
import { heading, kindOf, KINDS, number, signed, where } from "./words.js";

export function Passage({ id, step, number: place, open, question, answer }) {
  const kind = kindOf(step);
  return html`<details class=${`passage ${kind}`} id=${id} open=${open}>
    <summary><b class="number">${place}</b> <span class="where">${where(step.chunk)}</span>${" "}
      ${step.volatility !== null && html`<span class="verdict">
        <span aria-hidden="true">${KINDS[kind].sign}</span> ${KINDS[kind].word}</span>`}</summary>
    <${PassageBody} step=${step} question=${question} answer=${answer} brief=${true} />
  </details>`;
}

/** `brief`: of a long passage only the paragraphs that were said again beside the question. */
export function PassageBody({ step, question, answer, brief }) {
  const { chunk } = step;
  const readings = [
    ["volatility", step.volatility, ""], ["similarity", chunk.similarity, ""],
    ["question gain", step.question_gain, " nats a token"],
    ["attention", step.attention, " nats"],
    ["drift", step.marginal_drift ?? step.reading?.logit_drift, " bits a token"],
  ].filter(([, value]) => value !== null && value !== undefined);
  return html`<div class="passage-body">
    ${heading(chunk) && !chunk.text.includes(chunk.title) && html`<p class="heading">${heading(chunk)}</p>`}
    <${Quote} text=${chunk.text} anchors=${answer.report?.anchor ?? []} brief=${brief} />
    <p class="hint">${readings.map(([name, value, unit]) => `${name} ${number(value)}${unit}`)
      .join(" · ")}</p>
    ${step.draft && html`<p class="hint">Alone it makes the model say “${step.draft}”</p>`}
    ${answer.text && answer.report && html`<${HeatMap} key=${chunk.id} step=${step}
      question=${question} text=${answer.text} />`}
  </div>`;
}

function Quote({ text, anchors, brief }) {
  const [whole, setWhole] = useState(!brief);
  const paragraphs = reflowed(text).split(/\n{2,}/).map((one) => marked(one, anchors));
  const said = paragraphs.filter((parts) => parts.some((part) => part.marked));
  const short = !whole && said.length > 0 && said.length < paragraphs.length;
  return html`<blockquote>${(short ? said : paragraphs).map((parts) => html`<p>${parts.map((part) =>
      part.marked ? html`<mark>${part.text}</mark>` : part.text)}</p>`)}</blockquote>
    ${short && html`<p class="hint"><button type="button" class="link" onClick=${() => setWhole(true)}>
      Show the whole passage</button></p>`}`;
}

function HeatMap({ step, question, text }) {
  const [state, setState] = useState({ status: "none" });
  const load = async () => {
    setState({ status: "running" });
    try {
      setState({ status: "done", tokens: await probeTokens(question, text, step) });
    } catch (error) {
      const message = error.missing ? "This server has no token heat map." : error.message;
      setState({ status: "failed", message });
    }
  };
  if (state.status === "done") return html`<${Tokens} tokens=${state.tokens} />`;
  return html`<p class="hint">
    ${state.status === "failed" && html`<span role="alert">${state.message} </span>`}
    <button type="button" class="link" disabled=${state.status === "running"} onClick=${load}>
      ${state.status === "running" ? "Reading token by token…" : "Token heat map"}</button></p>`;
}

const DEEPEST = 40; // per cent of colour behind a token: its text stays readable

function Tokens({ tokens }) {
  const most = Math.max(...tokens.map(({ influence }) => Math.abs(influence)), 1e-9);
  const shade = (influence) => ({
    "--shade": `${Math.round((Math.abs(influence) / most) * DEEPEST)}%`,
  });
  const top = [...tokens].sort((one, other) => Math.abs(other.influence) - Math.abs(one.influence))
    .slice(0, 5).filter(({ influence }) => influence !== 0);
  return html`<figure class="heat">
    <figcaption>What each token of the passage did to the answer, in nats: blue made it likelier,
      orange and underlined less likely. Most: ${top.map(({ text, influence }) =>
        `“${text.trim()}” ${signed(influence)}`).join(", ")}.</figcaption>
    <p>${tokens.map(({ text, influence }) => html`<span style=${shade(influence)}
      class=${influence < 0 ? "less" : "more"} title=${signed(influence)}>${text}</span>`)}</p>
  </figure>`;
}

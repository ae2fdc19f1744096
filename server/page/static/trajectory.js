// The trajectory as a picture, the reason of the step that is pointed at, and a table of it.
import { HEIGHT, layout } from "./geometry.js";
import { PassageBody } from "./passage.js";
import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";
import { useWidth } from "./width.js";
import { kindOf, KINDS, number, where } from "./words.js";

export function Trajectory({ name, question, answer, limit }) {
  const { report, steps } = answer;
  const [pointed, point] = useState(null);
  const [chosen, choose] = useState(null);
  const [frame, width] = useWidth(340);
  const budget = report ? { ...report.budget, step: limit ?? report.budget.step } : null;
  const shown = steps[pointed ?? chosen];
  const opened = useRef(null);
  useEffect(() => {
    if (chosen !== null) opened.current?.focus();
  }, [chosen]);
  return html`<section class="trajectory">
    <h3 id=${`${name}-picture`}>How it came about</h3>
    <p class="hint">Each step is a dose: a passage, and the volatility that it would spend. It is let in
      while it keeps under the step’s line, and the blue line of all that was spent under the answer’s.</p>
    <div class="frame" ref=${frame}>
      <${Picture} plan=${layout(steps, budget, width)} steps=${steps} label=${`${name}-picture`}
        point=${point} choose=${(place) => choose(place === chosen ? null : place)}
        chosen=${chosen} detail=${`${name}-detail`} />
    </div>
    <p class="reason">${shown
      ? html`<b>Step ${steps.indexOf(shown) + 1}, ${where(shown.chunk)}: ${KINDS[kindOf(shown)].word}.</b>
          ${` ${shown.reason}`}`
      : "Point at a mark for the reason; press it for the passage."}</p>
    <div id=${`${name}-detail`}>${chosen !== null && steps[chosen] && html`
      <section class="chosen" tabindex="-1" ref=${opened} aria-label=${`Passage of step ${chosen + 1}`}>
        <h4>Step ${chosen + 1}: ${where(steps[chosen].chunk)}
          <button type="button" class="quiet" onClick=${() => choose(null)}>Close</button></h4>
        <${PassageBody} step=${steps[chosen]} question=${question} answer=${answer} />
      </section>`}</div>
    <${Numbers} steps=${steps} report=${report} />
  </section>`;
}

function Picture({ plan, steps, label, point, choose, chosen, detail }) {
  const { left, right, floor, ticks, stepLine, answerLine, marks, bar, stairs } = plan;
  return html`<svg role="group" aria-labelledby=${label} width=${plan.width} height=${HEIGHT}
      viewBox=${`0 0 ${plan.width} ${HEIGHT}`}>
    <g aria-hidden="true">
      ${ticks.map(({ value, y }) => html`
        <line class="grid" x1=${left} x2=${right} y1=${y} y2=${y} />
        <text class="tick" x=${left - 5} y=${y + 4} text-anchor="end">${Number(value.toFixed(2))}</text>`)}
      <path class="stairs" d=${stairs} />
      ${stepLine && html`<${Line} line=${stepLine} plan=${plan} kind="step" word="step" />`}
      ${answerLine && html`<${Line} line=${answerLine} plan=${plan} kind="whole" word="answer" />`}
    </g>
    ${marks.map((mark, place) => html`<g class=${`mark ${mark.kind}`} role="button" tabindex="0"
        aria-expanded=${String(chosen === place)} aria-controls=${detail}
        aria-label=${spoken(steps[place], place)}
        onMouseEnter=${() => point(place)} onMouseLeave=${() => point(null)}
        onFocus=${() => point(place)} onBlur=${() => point(null)}
        onClick=${() => choose(place)} onKeyDown=${(event) => pressed(event, () => choose(place))}>
      <rect class="reach" x=${mark.left + 1} y="0" width=${mark.right - mark.left - 2} height=${HEIGHT} />
      <rect class="bar" x=${mark.x - bar / 2} y=${mark.y} width=${bar} height=${floor - mark.y} />
      <circle class="disc" cx=${mark.x} cy=${mark.y} r="10" />
    </g>`)}
    <g class="words" aria-hidden="true">${marks.map((mark, place) => html`<g class=${mark.kind}>
      <text class="sign" x=${mark.x} y=${mark.y + 4.5} text-anchor="middle">${KINDS[mark.kind].sign}</text>
      <text class="place" x=${mark.x} y=${floor + 23} text-anchor="middle">${place + 1}</text>
      <text class="word" x=${mark.x} y=${floor + 36} text-anchor="middle">${short(mark.kind)}</text>
    </g>`)}</g>
  </svg>`;
}

function Line({ line, plan, kind, word }) {
  const text = `${word} ≤ ${number(line.value)}${line.above ? " ↑" : ""}`;
  return html`
    ${!line.above && html`<line class=${`limit ${kind}`} x1=${plan.left} x2=${plan.right}
      y1=${line.y} y2=${line.y} />`}
    <text class="limit-word" x=${plan.left + 3} y=${line.y - 4}>${text}</text>`;
}

const short = (kind) => (kind === "part" ? "part" : KINDS[kind].word);

function spoken(step, place) {
  return `Step ${place + 1}, ${where(step.chunk)}: ${KINDS[kindOf(step)].word}. ${step.reason}`;
}

function pressed(event, act) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  act();
}

function Numbers({ steps, report }) {
  return html`<details class="numbers"><summary>The same as a table</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Steps as a table"><table>
      <thead><tr><th scope="col">Step</th><th scope="col">Passage</th><th scope="col">Verdict</th>
        <th scope="col">Volatility</th><th scope="col">Spent</th><th scope="col">Why</th></tr></thead>
      <tbody>${steps.map((step, place) => html`<tr>
        <th scope="row">${place + 1}</th><td>${where(step.chunk)}</td>
        <td>${KINDS[kindOf(step)].word}</td><td>${number(step.volatility)}</td>
        <td>${number(step.spent)}</td><td>${step.reason}</td></tr>`)}</tbody>
    </table></div>
    ${report && html`<p class="hint">Spent ${number(report.spent)} of ${number(report.budget.answer)};${" "}
      ${report.cost.evaluated_tokens} tokens read, ${number(report.cost.seconds, 1)} s.
      ${report.guarantee && ` On questions like those of its calibration this budget lets in at most ${
        Math.round(report.guarantee.harm * 100)} % of the passages that do not help.`}</p>`}
  </details>`;
}

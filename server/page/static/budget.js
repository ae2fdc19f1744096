// The budget as a slider: its line moves in the picture, and one press asks again.
import { wouldEnter } from "./changes.js";
import { html } from "./vendor/preact-htm.js";
import { number } from "./words.js";

export function Budget({ report, limit, setLimit, within, busy }) {
  const now = limit ?? report.budget.step;
  const count = wouldEnter(report.steps, now);
  const changed = Math.abs(now - report.budget.step) > 1e-9;
  const ask = (event) => {
    event.preventDefault();
    setLimit(null);
    within({ step: now, answer: report.budget.answer });
  };
  return html`<form class="budget" onSubmit=${ask}>
    <label>A step may spend <output>${number(now)}</output>
      <input type="range" min="0" max="1" step="0.05" value=${now}
        onInput=${(event) => setLimit(Number(event.target.value))} /></label>
    <p class="hint">By their volatility, ${count} of ${report.steps.length} passages keep under
      it.${!changed && " Move it to ask again within another budget."}</p>
    ${changed && html`<button disabled=${busy}>Ask again with ${number(now)}</button>`}
  </form>`;
}

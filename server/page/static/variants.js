// Other ways to put the same passages before the model, which were tried.
import { html } from "./vendor/preact-htm.js";
import { number } from "./words.js";

export function Variants({ report }) {
  if (report.variants.length < 2) return null;
  const places = new Map(report.steps.map((step, place) => [step.chunk.rank, place + 1]));
  return html`<section class="variants">
    <h3>Variants tried</h3>
    <p class="hint">The steadiest is spoken, if it is within the budget.</p>
    <ul>${report.variants.map((tried) => html`<li class=${tried.spoken ? "spoken" : ""}>
      <span>${tried.name}${tried.spoken && html` <b>(this answer)</b>`}</span>
      <span class="meter" aria-hidden="true"><i style=${{ width: `${(tried.index ?? 0) * 100}%` }}></i></span>
      <span>index ${number(tried.index)}</span>
      <span class="hint">passages ${tried.chunks.map((rank) => places.get(rank) ?? "–").join(", ")}</span>
    </li>`)}</ul>
  </section>`;
}

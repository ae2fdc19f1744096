// Passages that were outvoted, beside those that outvoted them.
import { html } from "./vendor/preact-htm.js";
import { where } from "./words.js";

export function Conflicts({ report }) {
  const out = report.steps.filter((step) => step.outvoted);
  if (!out.length) return null;
  const kept = report.steps.filter((step) => step.accepted);
  return html`<section class="conflict">
    <h3>The passages disagree</h3>
    <div class="sides">
      <${Side} title="Let in" sign="✓" steps=${kept} />
      <${Side} title="Outvoted, kept out" sign="≠" steps=${out} />
    </div>
  </section>`;
}

function Side({ title, sign, steps }) {
  return html`<div><h4><span aria-hidden="true">${sign}</span> ${title}</h4>
    <ul>${steps.map((step) => html`<li>
      <b>${where(step.chunk)}</b>
      ${step.draft && html`<p>Alone it makes the model say: “${step.draft}”</p>`}
      <details><summary>Its text</summary><blockquote>${step.chunk.text}</blockquote></details>
    </li>`)}</ul></div>`;
}

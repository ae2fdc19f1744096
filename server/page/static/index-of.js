// The volatility index of an answer, as a number, in words, and as ten dots.
import { html } from "./vendor/preact-htm.js";
import { advice, number, oddsSentence, whyNoIndex } from "./words.js";

export function Index({ report }) {
  const index = report.volatility_index;
  if (index === null) return html`<p class="index none">${whyNoIndex(report)}</p>`;
  const { tone, advice: what } = advice(index);
  const wrong = Math.round(index * 10);
  return html`<section class=${`index ${tone}`} aria-label="How sure it is">
    <p class="advice">${what}</p>
    <p>${oddsSentence(index)}</p>
    <span class="dots" aria-hidden="true">${Array.from({ length: 10 }, (_, place) =>
      html`<i class=${place < wrong ? "wrong" : ""}></i>`)}</span>
    <details class="hint"><summary>Volatility index ${number(index)}</summary>
      The chance that an answer is wrong that looked like this one to the model: counted on questions
      like those of its calibration. Yours may differ.</details>
  </section>`;
}

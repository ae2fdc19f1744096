// What numbers and verdicts are in plain words.

/** How each verdict is shown: a word, and a shape that differs without colour. */
export const KINDS = {
  accepted: { word: "accepted", sign: "✓" },
  part: { word: "part accepted", sign: "½" },
  rejected: { word: "rejected", sign: "✕" },
  outvoted: { word: "outvoted", sign: "≠" },
  left: { word: "left out", sign: "↶" },
};

/** Which of KINDS a step of the report is. */
export function kindOf(step) {
  if (step.accepted) return step.halved ? "part" : "accepted";
  if (step.outvoted) return "outvoted";
  return ["not in variant", "not needed"].includes(step.short) ? "left" : "rejected";
}

/** Where a chunk stands: document, and page, slide or the like. */
export function where({ source, place }) {
  return [source, place].filter(Boolean).join(", ");
}

/** Its headings and date, where it has them. */
export function heading({ title, date }) {
  return [title, date].filter(Boolean).join(", ");
}

/** A number with two decimals; a dash where there is none. */
export function number(value, digits = 2) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

/** The same with its sign. */
export function signed(value, digits = 2) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

const RARE = [10, 12, 15, 20, 30, 50, 100];

/** A chance as "n of m", [n, m]; the smaller m, the better, where it is nearly as close. */
export function odds(chance) {
  if (chance < 0.095) return [1, nearest(RARE, 1 / Math.max(chance, 0.01))];
  if (chance > 0.905) {
    const outOf = nearest(RARE, 1 / Math.max(1 - chance, 0.01));
    return [outOf - 1, outOf];
  }
  const fractions = [2, 3, 4, 5, 10].map((m) => [Math.round(chance * m), m]);
  const cost = ([n, m]) => (n < 1 || n >= m ? Infinity : Math.abs(n / m - chance) + 0.0015 * m);
  return fractions.reduce((best, one) => (cost(one) < cost(best) ? one : best));
}

function nearest(values, wanted) {
  const far = (value) => Math.abs(Math.log(value / wanted));
  return values.reduce((best, one) => (far(one) < far(best) ? one : best));
}

/** "About 1 of 4 such answers is wrong." */
export function oddsSentence(index) {
  const [n, m] = odds(index);
  return `About ${n} of ${m} such answers ${n === 1 ? "is" : "are"} wrong.`;
}

/** What to do with an answer of this index: {tone, advice}. */
export function advice(index) {
  if (index <= 0.25) return { tone: "steady", advice: "Likely right" };
  if (index <= 0.5) return { tone: "check", advice: "Check it before you rely on it" };
  return { tone: "shaky", advice: "Unsure: read the passage before you rely on it" };
}

/** Why an answer has no index. */
export function whyNoIndex(report) {
  if (report.mode !== "overlay") return "No volatility index: nothing was judged.";
  if (report.outcome === "abstained") return "No volatility index: there is no answer to rate.";
  return "No volatility index: the model's profile is not calibrated for one.";
}

export const OUTCOMES = {
  answered: "Answered from the accepted passages",
  answered_without_context: "Answered without any passage",
  abstained: "Abstained: the overlay gives no answer",
};

/** What a screen reader is told when an answer is finished. */
export function spokenSummary(answer) {
  if (answer.status === "failed") return `No answer: ${answer.error.message}`;
  if (answer.status === "stopped") return "Stopped.";
  if (answer.status !== "done") return "The answer broke off.";
  const { report, text } = answer;
  const index = report.volatility_index;
  const sure = index === null ? whyNoIndex(report) : oddsSentence(index);
  return `${OUTCOMES[report.outcome]}: ${text} ${sure}`;
}

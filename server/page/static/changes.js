// What is different between two answers to one question, in words.
import { number, where } from "./words.js";

const letIn = (report) =>
  new Map(report.steps.filter((step) => step.accepted).map((step) => [step.chunk.id, step.chunk]));

/** Lines that say what changed from one finished answer to the next. */
export function changes(before, after) {
  const [old, now] = [letIn(before.report), letIn(after.report)];
  const came = [...now].filter(([id]) => !old.has(id)).map(([, chunk]) => where(chunk));
  const left = [...old].filter(([id]) => !now.has(id)).map(([, chunk]) => where(chunk));
  const lines = [];
  if (came.length) lines.push(`Now let in: ${came.join("; ")}.`);
  if (left.length) lines.push(`No longer let in: ${left.join("; ")}.`);
  if (!came.length && !left.length) lines.push("The same passages were let in.");
  const same = before.text.trim() === after.text.trim();
  lines.push(same ? "The answer is the same." : `The answer was: “${before.text.trim()}”`);
  const indices = [before.report.volatility_index, after.report.volatility_index];
  if (indices[0] !== indices[1]) {
    lines.push(`Volatility index: ${indices.map((one) => number(one)).join(" → ")}.`);
  }
  return lines;
}

/** How many of the judged passages a step budget would let in, by what each would spend. */
export function wouldEnter(steps, budget) {
  return steps.filter((step) => step.volatility !== null && step.volatility <= budget).length;
}

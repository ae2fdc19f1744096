// Where the marks of a trajectory stand. Pixels; the caller draws.
import { kindOf } from "./words.js";

const LEFT = 34;
const RIGHT = 10;
const TOP = 16;
const BOTTOM = 44;
export const HEIGHT = 240;
export const NARROWEST_STEP = 52; // a word such as "outvoted" stands under each

/**
 * @param steps of the report, in order
 * @param budget {step, answer}, or null while it is not known
 * @param room pixels; more steps than fit make the picture wider
 */
export function layout(steps, budget, room) {
  const width = Math.max(room, LEFT + RIGHT + steps.length * NARROWEST_STEP, 240);
  const spent = steps.reduce((sum, step) => sum + step.spent, 0);
  const top = highest(budget, spent);
  const floor = HEIGHT - BOTTOM;
  const y = (value) => floor - (value / top) * (floor - TOP);
  const wide = (width - LEFT - RIGHT) / Math.max(1, steps.length);
  let sum = 0;
  const marks = steps.map((step, place) => {
    sum += step.spent;
    const x = LEFT + wide * (place + 0.5);
    const value = step.volatility;
    return {
      x, y: y(Math.min(value ?? 0, top)), value, kind: kindOf(step), sum, sumY: y(sum),
      left: x - wide / 2, right: x + wide / 2,
    };
  });
  return {
    width, height: HEIGHT, floor, left: LEFT, right: width - RIGHT, marks, spent,
    bar: Math.min(26, wide * 0.4),
    ticks: ticks(top).map((value) => ({ value, y: y(value) })),
    stepLine: line(budget?.step, top, y),
    answerLine: line(budget?.answer, top, y),
    stairs: stairs(marks, floor),
  };
}

/** The top of the scale: all of a step (1), what was spent, and a budget that is not far above. */
function highest(budget, spent) {
  const needed = Math.max(1, spent);
  const limits = [budget?.step, budget?.answer].filter((limit) => limit <= 2.5 * needed);
  return Math.max(needed, ...limits) * 1.06;
}

/** A budget's line: `above` where it lies over the picture. */
function line(limit, top, y) {
  if (limit === undefined || limit === null) return null;
  const above = limit > top;
  return { value: limit, above, y: above ? TOP : y(limit) };
}

function ticks(top) {
  const every = top <= 1.2 ? 0.25 : top <= 2.6 ? 0.5 : Math.ceil(top / 5);
  const count = Math.floor(top / every);
  return Array.from({ length: count + 1 }, (_, place) => place * every);
}

/** What was spent so far, as a staircase. */
function stairs(marks, floor) {
  if (!marks.length) return "";
  const begin = `M${marks[0].left} ${floor}`;
  let before = floor;
  const parts = marks.map(({ x, right, sumY }) => {
    const part = `L${x} ${before}L${x} ${sumY}L${right} ${sumY}`;
    before = sumY;
    return part;
  });
  return [begin, ...parts].join("");
}

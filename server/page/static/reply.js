// One answer as it grows: each event of the stream gives the next value. Nothing here has effects.

/** An answer that has not begun. `asked`: {mode, budget, collection} as sent. */
export function begun(asked) {
  return {
    asked, status: "waiting", id: null, text: "", thoughts: "", refused: false,
    steps: [], report: null, error: null, probe: null, rating: null,
  };
}

/** The answer after one more event. */
export function grown(answer, event) {
  if (event.error) return failed(answer, event.error);
  const choice = event.choices?.[0];
  const delta = choice?.delta ?? {};
  const overlay = event.overlay ?? choice?.overlay;
  const next = { ...answer, id: event.id ?? answer.id, status: "streaming" };
  next.text += (delta.content ?? "") + (delta.refusal ?? "");
  next.thoughts += delta.reasoning_content ?? "";
  if (delta.refusal) next.refused = true;
  if (overlay?.step) next.steps = [...answer.steps, overlay.step];
  // The report comes with the last choice, or behind it.
  if (overlay?.steps) Object.assign(next, { report: overlay, steps: overlay.steps });
  return next;
}

/** The answer once its stream is over; without a report it broke off. */
export function ended(answer) {
  return { ...answer, status: answer.report ? "done" : "interrupted" };
}

export function failed(answer, error) {
  const { message, code = null, status = 0, retryAfter = null } = error;
  return { ...answer, status: "failed", error: { message, code, status, retryAfter } };
}

/** As it is found again after the page was left: nobody listens to its stream any more. */
export function found(answer) {
  if (!answer) return answer;
  const running = answer.status === "waiting" || answer.status === "streaming";
  const probe = answer.probe?.status === "running" ? null : answer.probe;
  return { ...answer, probe, status: running ? "interrupted" : answer.status };
}

export const isRunning = (answer) =>
  answer?.status === "waiting" || answer?.status === "streaming";

/** The messages that ask a question behind earlier turns; turns without an answer are left out. */
export function messages(turns, question) {
  const earlier = turns
    .filter(({ answer }) => answer?.status === "done" && answer.text.trim())
    .flatMap(({ question: asked, answer }) => [
      { role: "user", content: asked },
      { role: "assistant", content: answer.text },
    ]);
  return [...earlier, { role: "user", content: question }];
}

/** The body of a chat request. */
export function requestBody(turns, question, { mode, budget, collection }) {
  const overlay = { steps: true };
  if (collection) overlay.collection = collection;
  if (budget) overlay.budget = budget;
  return {
    model: mode === "plain" ? "overlay:plain" : "overlay",
    messages: messages(turns, question), stream: true, overlay,
  };
}

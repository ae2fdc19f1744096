// Server-sent events, read from the body of a fetch: the browser's EventSource sends no POST.

/** Cuts a growing text into events; what is no data (comments such as `: ping`) is left out. */
export class EventCutter {
  #rest = "";

  /** Take more text; return the data of each event that it ends. */
  push(text) {
    this.#rest += text;
    // A carriage return at the end may be half of a line's end.
    const held = this.#rest.endsWith("\r") ? "\r" : "";
    const whole = this.#rest.slice(0, this.#rest.length - held.length).replace(/\r\n?/g, "\n");
    const blocks = whole.split("\n\n");
    this.#rest = blocks.pop() + held;
    return blocks.map(dataOf).filter((data) => data !== null);
  }
}

function dataOf(block) {
  const lines = block.split("\n").filter((line) => line === "data" || line.startsWith("data:"));
  if (!lines.length) return null;
  return lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
}

/** Yield the data of each event of a body, as text. */
export async function* events(body) {
  const cutter = new EventCutter();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* cutter.push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

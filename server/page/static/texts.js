// Texts cut at marks.

/** The parts of an answer: [{text, sentence}], with `sentence` null between sentences. */
export function bySentence(answer, sentences) {
  const parts = [];
  let at = 0;
  for (const sentence of sentences) {
    const start = answer.indexOf(sentence.text, at);
    if (start < 0 || !sentence.text) continue;
    if (start > at) parts.push({ text: answer.slice(at, start), sentence: null });
    parts.push({ text: sentence.text, sentence });
    at = start + sentence.text.length;
  }
  if (at < answer.length) parts.push({ text: answer.slice(at), sentence: null });
  return parts;
}

/** A passage cut where one of these sentences stands: [{text, marked}]. Line breaks do not count. */
export function marked(text, sentences) {
  const found = sentences
    .filter((sentence) => sentence.trim())
    .map((sentence) => text.match(new RegExp(sentence.trim().split(/\s+/).map(escaped).join("\\s+"))))
    .filter((match) => match !== null)
    .sort((one, other) => one.index - other.index);
  const parts = [];
  let at = 0;
  for (const match of found) {
    if (match.index < at) continue;
    parts.push({ text: text.slice(at, match.index), marked: false });
    parts.push({ text: match[0], marked: true });
    at = match.index + match[0].length;
  }
  parts.push({ text: text.slice(at), marked: false });
  return parts.filter((part) => part.text);
}

/** A text whose lines were broken to a width, with the breaks taken back; lists and tables stay. */
export function reflowed(text) {
  return text.replace(/(.{55,})\n(?=[^\s\-*+#|>\d`])/g, (line, words) =>
    words.trimStart().startsWith("|") ? line : `${words} `);
}

const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// Files are chosen, or dropped anywhere on the page.
import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";

export function DropZone({ add }) {
  const [over, setOver] = useState(false);
  const field = useRef(null);
  useEffect(() => {
    const holds = (event) => event.dataTransfer?.types.includes("Files");
    const drag = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(true);
    };
    // Leaving the window has nothing that is entered next.
    const leave = (event) => event.relatedTarget === null && setOver(false);
    const drop = (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(false);
      add(event.dataTransfer.files);
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [add]);
  const chosen = () => {
    add([...field.current.files]);
    field.current.value = "";
  };
  return html`<div class=${over ? "drop over" : "drop"}>
    <label for="files">Add documents</label>
    <input id="files" type="file" multiple ref=${field} onChange=${chosen} />
    <p class="hint">Choose files, or drop them anywhere on this page.</p>
  </div>`;
}

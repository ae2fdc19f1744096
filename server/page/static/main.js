import { App } from "./app.js";
import { html, render } from "./vendor/preact-htm.js";

render(html`<${App} />`, document.getElementById("app"));

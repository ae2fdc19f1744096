// The documents beside the chat: choose a collection, add files, see and remove what is there.
import * as library from "./library.js";
import { change, current } from "./store.js";
import { DropZone } from "./drop.js";
import { html, useEffect, useState } from "./vendor/preact-htm.js";

const FIRST = "default"; // the name of a collection that the first document makes

const EVERY = 1500; // milliseconds

export function Documents({ ready, counted }) {
  const [stores, setStores] = useState(null);
  const [files, setFiles] = useState(null);
  const [sending, setSending] = useState([]);
  const [error, setError] = useState(null);
  const [note, setNote] = useState(null);
  const [name, setName] = useState(current().collection);
  const store = stores?.find((one) => one.collection === name) ?? null;

  const guard = async (act) => {
    setError(null);
    setNote(null);
    try {
      await act();
    } catch (problem) {
      setError(problem);
    }
  };
  const choose = (chosen) => {
    setFiles(null);
    setSending((all) => all.filter((one) => one.phase !== "failed"));
    setName(chosen);
    change({ collection: chosen });
  };
  const loadStores = () => guard(async () => {
    const found = await library.collections();
    setStores(found);
    if (found.some((one) => one.collection === name)) return;
    choose((found.find((one) => one.own) ?? found[0])?.collection ?? null);
  });
  const loadFiles = () => guard(async () => {
    const found = await library.documents(store.id);
    setFiles(found);
    counted(found.length);
  });
  useEffect(() => { if (ready) loadStores(); }, [ready]);
  useEffect(() => { if (store) loadFiles(); }, [store?.id]);
  // What another tab sent, or this one before it was loaded again, is looked at until it is read.
  const waiting = !sending.length && files?.some((file) => file.status === "in_progress");
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setTimeout(loadFiles, EVERY);
    return () => clearTimeout(timer);
  }, [waiting, files]);

  const add = (chosen) => guard(async () => {
    // The first document makes the usual collection.
    const target = store ?? (await library.create(FIRST));
    if (!store) {
      setStores([...(stores ?? []), target]);
      choose(target.collection);
    }
    await Promise.all([...chosen].map((file) => send(target, file)));
    if (target === store) await loadFiles();
    else setFiles(await library.documents(target.id));
  });
  const send = async (target, file) => {
    const key = `${file.name} ${Math.random()}`;
    const told = (fields) => setSending((all) => all.some((one) => one.key === key)
      ? all.map((one) => (one.key === key ? { ...one, ...fields } : one))
      : [...all, { key, name: file.name, ...fields }]);
    try {
      const failed = await library.add(target.id, file, told);
      if (failed) throw new Error(failed);
      setSending((all) => all.filter((one) => one.key !== key));
    } catch (problem) {
      told({ phase: "failed", error: problem.message });
    }
  };
  const drop = (key) => setSending((all) => all.filter((one) => one.key !== key));
  const remove = (file) => guard(async () => {
    const others = stores.filter((one) => one !== store).map((one) => one.id);
    const said = await library.remove(store.id, file.id, others);
    await loadFiles();
    setNote(said);
  });
  const make = (made) => guard(async () => {
    const created = await library.create(made);
    setStores([...stores, created]);
    choose(created.collection);
  });

  if (error?.missing) {
    return html`<h2>Documents</h2><p class="hint">This server takes no documents over HTTP.${" "}
      <code>overlay ingest FOLDER</code> reads them.</p>`;
  }
  return html`
    <h2>Documents</h2>
    ${error && html`<div class="state bad" role="alert"><p>${error.message}</p>
      <button type="button" onClick=${stores ? (store ? loadFiles : loadStores) : loadStores}>
        Try again</button></div>`}
    ${note && html`<p class="hint" role="status">${note}</p>`}
    ${stores && html`
      <${Collection} stores=${stores} name=${name} choose=${choose} make=${make} />
      <${DropZone} add=${add} />
      <${Sending} sending=${sending} drop=${drop} />
      <${Files} files=${files} remove=${remove} empty=${!store || files?.length === 0} />`}`;
}

function Collection({ stores, name, choose, make }) {
  const [making, setMaking] = useState(false);
  const [wanted, setWanted] = useState("");
  const save = (event) => {
    event.preventDefault();
    make(wanted.trim());
    setMaking(false);
    setWanted("");
  };
  if (making) {
    return html`<form onSubmit=${save}>
      <label for="new-collection">Name of the new collection</label>
      <div class="row"><input id="new-collection" required value=${wanted}
        onInput=${(event) => setWanted(event.target.value)} />
        <button>Create</button></div>
      <button type="button" class="link" onClick=${() => setMaking(false)}>Not now</button>
    </form>`;
  }
  return html`<div>
    <label for="collection">Collection</label>
    <div class="row">
      <select id="collection" value=${name ?? ""} disabled=${!stores.length}
        onChange=${(event) => choose(event.target.value)}>
        ${stores.length ? stores.map((one) => html`<option value=${one.collection}
          selected=${one.collection === name}>${one.name}</option>`) : html`<option>none yet</option>`}
      </select>
      <button type="button" class="quiet" onClick=${() => setMaking(true)}>New</button>
    </div></div>`;
}

function Sending({ sending, drop }) {
  if (!sending.length) return null;
  return html`<ul class="sending" aria-label="Files on their way">${sending.map((one) => html`<li>
    <span class="name">${one.name}</span>
    ${one.phase === "failed"
      ? html`<span class="bad" role="alert">Not read: ${one.error}</span>
          <button type="button" class="link" onClick=${() => drop(one.key)}
            aria-label=${`Forget that ${one.name} failed`}>Dismiss</button>`
      : html`<progress aria-label=${`${one.name}: ${one.phase}`} max="1"
            value=${one.share ?? undefined}></progress>
          <span class="hint">${one.phase === "sending" ? "sending" : "being read"}</span>`}
  </li>`)}</ul>`;
}

function Files({ files, remove, empty }) {
  if (empty) return html`<p class="hint">No documents yet.</p>`;
  if (!files) return html`<p class="hint">Looking…</p>`;
  return html`<p class="hint">${files.length} document${files.length === 1 ? "" : "s"}</p>
    <ul class="files">${files.map((file) => html`<${File} key=${file.id} file=${file}
      remove=${remove} />`)}</ul>`;
}

function File({ file, remove }) {
  const [sure, setSure] = useState(false);
  return html`<li>
    <span class="name" title=${file.name}>${file.name}</span>
    ${file.status === "failed" && html`<span class="bad">not read: ${file.error}</span>`}
    ${file.status === "in_progress" && html`<span class="hint">being read</span>`}
    ${sure
      ? html`<span class="row"><button type="button" onClick=${() => remove(file)}
            aria-label=${`Yes, remove ${file.name}`}>Remove</button>
          <button type="button" class="quiet" onClick=${() => setSure(false)}>Keep</button></span>`
      : html`<button type="button" class="quiet remove" onClick=${() => setSure(true)}
          aria-label=${`Remove ${file.name}`}>✕</button>`}
  </li>`;
}

// Whether the server can answer: asked at the start, and again while the model loads.
import { ask, key } from "./api.js";
import { useCallback, useEffect, useState } from "./vendor/preact-htm.js";

const EVERY = 1500; // milliseconds

/** [{status: "asking" | "ok" | "loading" | "failed" | "refused", model, message}, ask again] */
export function useHealth() {
  const [health, setHealth] = useState({ status: "asking" });
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let timer = null;
    const look = async () => {
      const found = await read();
      setHealth(found);
      if (found.status === "loading") timer = setTimeout(look, EVERY);
    };
    look();
    return () => clearTimeout(timer);
  }, [asked]);
  return [health, useCallback(() => setAsked((count) => count + 1), [])];
}

async function read() {
  try {
    const found = await ask("health");
    // Health may be open where the rest is not.
    await ask("v1/models");
    return { status: "ok", model: found.model };
  } catch (error) {
    if (error.status === 401) {
      return { status: "refused", message: key.get() ? error.message : null };
    }
    if (error.code === "loading") return { status: "loading" };
    return { status: "failed", message: error.message };
  }
}

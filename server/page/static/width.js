// How wide an element is, in pixels, as it changes.
import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

/** [ref, width]; `first` until it is known. */
export function useWidth(first) {
  const ref = useRef(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
